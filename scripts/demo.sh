#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# From a fresh Debian machine to a first answer: what does a step of Llama 3.1 405B take on 2,304
# Trainium3 chips (16 UltraServers), and on GB200 NVL72 racks of about equal owner cost?
set -eu
cd "$(dirname "$0")/.."

# 2,304 x 1.1 to 1.5 USD/h of Trainium3 pay for 1,074 to 1,464 GB200 at 2.36 USD/h: 15 to 20
# racks of 72. The racks here are those of the middle, 1.3 USD/h: 1,269 chips, 18 racks.
racks=${RACKS:-18}

scripts/setup.sh build
scripts/build.sh
trnsim=build-release/trnsim
workload=workloads/llama-3.1-405b-pretrain.yaml

step() {
    printf '\n$ %s\n' "$*"
    "$@"
}

step $trnsim run $workload --platform platforms/trn3-ultraserver.xml --ultraservers 16 \
    -o results/demo-trn3.h5
step $trnsim run $workload --platform platforms/gb200-nvl72.xml --ultraservers "$racks" \
    -o results/demo-gb200.h5
step $trnsim compare results/demo-trn3.h5 --baseline results/demo-gb200.h5
