#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# From a fresh Debian machine to a first answer: what does a step of Llama 3.1 405B take on 2,304
# Trainium3 chips (16 UltraServers), and on GB200 NVL72 racks of about equal owner cost?
# The results stay in results/demo-trn3.h5 and results/demo-gb200.h5.
set -eu
cd "$(dirname "$0")/.."

trnsim=build-release/trnsim
book=platforms/prices/owner-2026.yaml
workload=workloads/llama-3.1-405b-pretrain.yaml
ultraservers=16 ultraserver_chips=144 rack_chips=72

say() {
    printf '\n== %s\n' "$*"
}

run() {
    printf '$ %s\n' "$*"
    "$@"
}

# The price of a chip in the book (usd_per_chip_h, low or high), in USD an hour.
price() {
    awk -v chip="$1" -v key="$2:" '$2 == "chip:" { found = $3 == chip }
        found && $1 == key { print $2 + 0; exit }' $book
}

reckon() {
    awk "BEGIN { printf \"$1\", $2 }"
}

say "1 of 4: packages and build"
scripts/setup.sh build
scripts/build.sh

chips=$((ultraservers * ultraserver_chips))
trn3=$(price trn3 usd_per_chip_h) low=$(price trn3 low) high=$(price trn3 high)
gb200=$(price gb200 usd_per_chip_h)
racks=$(reckon %.0f "$chips * $trn3 / ($rack_chips * $gb200)")
cat <<END

The question: a training step of Llama 3.1 405B (16 Mi tokens) for about the same money an hour.
  $ultraservers Trn3 UltraServers   $chips chips x $trn3 USD/h = $(reckon %.0f "$chips * $trn3") USD/h   an estimate, $low to $high USD/h a chip: no price is public
  $racks GB200 NVL72 racks   $((racks * rack_chips)) chips x $gb200 USD/h = $(reckon %.0f "$racks * $rack_chips * $gb200") USD/h   an estimate of analysts, second-hand
  ($chips x $trn3 / ($rack_chips x $gb200) = $(reckon %.1f "$chips * $trn3 / ($rack_chips * $gb200)") racks; prices of owners, $book)
END

say "2 of 4: $ultraservers Trn3 UltraServers (about 10 s)"
run $trnsim run $workload --platform platforms/trn3-ultraserver.xml \
    --ultraservers $ultraservers --detail flow --set plan.pipeline_inside=off -o results/demo-trn3.h5

say "3 of 4: $racks GB200 NVL72 racks (a few seconds)"
run $trnsim run $workload --platform platforms/gb200-nvl72.xml \
    --ultraservers "$racks" --detail flow --set plan.pipeline_inside=off -o results/demo-gb200.h5

say "4 of 4: the answer"
run $trnsim compare results/demo-trn3.h5 --baseline results/demo-gb200.h5

cat <<END

Simulated: one whole step on either machine, every chip, every microbatch of every pipeline, every
  exchange as flows on the links of the platform file. Scaled: nothing.
Sure: counts of FLOPs, bytes and memory; sharing of links. Estimated: prices, powers, and how near
  to its peak a Trainium3 chip comes, which nobody has published (README.md, "What it can claim").

Look inside:
  $trnsim report results/demo-trn3.h5 --baseline results/demo-gb200.h5 -o results/demo.html
                                                              a page of it (first: scripts/setup.sh report)
  analysis/load.py results/demo-trn3.h5                       the tables of a result
  analysis/load.py results/demo-trn3.h5 training/breakdown    what the time went into
  h5dump -g /summary results/demo-trn3.h5                     the same with units and meanings
  $trnsim platform inspect platforms/trn3-ultraserver.xml     every value with its source
END
