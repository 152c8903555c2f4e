#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the program as it is to be used: build-release/trnsim.
set -eu
cd "$(dirname "$0")/.."

cmake --preset release >/dev/null
cmake --build --preset release
