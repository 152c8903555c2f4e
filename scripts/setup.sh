#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing of the Debian packages that trnsim needs (Debian 12). Needs root or sudo
# only when something is missing; running it again does nothing.
#   scripts/setup.sh         everything: building, tests, fuzzing
#   scripts/setup.sh build   only what building and running need
#   scripts/setup.sh report  that, and what trnsim report needs
set -eu

build="build-essential cmake ninja-build pkg-config git libsimgrid-dev libhdf5-dev libcunit1-dev
       libcyaml-dev libexpat1-dev libjansson-dev uthash-dev libmd-dev zlib1g-dev"
tests="clang libclang-rt-14-dev clang-format pmccabe hdf5-tools binutils
       slurm-wlm munge python3-pytest python3-pytest-xdist python3-selenium python3-matplotlib chromium chromium-driver
       pajeng"
# A report's page: the charting library comes from npm, which may be there from elsewhere.
page="python3 python3-h5py python3-numpy python3-pandas"
command -v npm >/dev/null || page="$page npm"

missing() {
    for package in "$@"; do
        status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) || status=none
        [ "$status" = installed ] || printf '%s ' "$package"
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "setup: root or sudo is needed to install: $packages" >&2
        exit 1
    fi
}

if ! command -v apt-get >/dev/null; then
    echo "setup: no apt-get here; install the equivalents of: $build $tests" >&2
    exit 1
fi
case ${1:-all} in
build) wanted=$build ;;
report) wanted="$build $page" ;;
*) wanted="$build $page $tests" ;;
esac
# shellcheck disable=SC2086 # a list of words
packages=$(missing $wanted)
if [ -z "$packages" ]; then
    echo "setup: all packages are there"
else
    echo "setup: installing $packages"
    as_root apt-get update -q
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $packages
fi

# What npm has, as the lock file beside it says; nothing when the file $2 is there.
from_npm() {
    [ -f "$1/node_modules/$2" ] || (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
}

cd "$(dirname "$0")/.."
[ "${1:-all}" = build ] || from_npm analysis/pages echarts/dist/echarts.min.js
[ "${1:-all}" != all ] || from_npm tests/analysis/viewer speedscope/dist/release/index.html
