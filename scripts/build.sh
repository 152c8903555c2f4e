#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the program as it is to be used: build-release/trnsim.
set -eu
cd "$(dirname "$0")/.."

if ! command -v cmake >/dev/null || ! command -v ninja >/dev/null; then
    echo "build: cmake or ninja is missing; scripts/setup.sh build installs what is needed" >&2
    exit 1
fi
cmake --preset release >/dev/null
cmake --build --preset release --target trnsim
