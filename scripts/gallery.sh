#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the pictures of the README, docs/gallery/*.png, from runs made here: needs the release build
# and what scripts/setup.sh installs.
set -eu
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
trnsim=build-release/trnsim
[ -x "$trnsim" ] || scripts/build.sh
run="$trnsim run workloads/llama-3.1-405b-pretrain.yaml -q"
$run --platform platforms/trn3-ultraserver.xml --ultraservers 16 -o "$folder/trn3.h5" >/dev/null
$run --platform platforms/gb200-nvl72.xml --ultraservers 18 -o "$folder/gb200.h5" >/dev/null
$trnsim sweep workloads/sweeps/llama-3-8b-plans.yaml -q -j 2 -o "$folder/sweep" >/dev/null
$trnsim report "$folder/trn3.h5" --baseline "$folder/gb200.h5" -o "$folder/training.html"
$trnsim report "$folder/sweep/sweep.h5" -o "$folder/sweep.html"
PYTHONPATH=tests/analysis /usr/bin/python3 -B - "$folder" docs/gallery <<'PICTURES'
import sys
from pathlib import Path

import browser

pages, pictures = Path(sys.argv[1]), Path(sys.argv[2])
pictures.mkdir(parents=True, exist_ok=True)
driver = browser.start()
try:
    for page, part, picture in (("training", "section.answer", "answer"), ("training", "figure.gantt", "pipeline"),
                                ("sweep", "figure.explore", "sweep")):
        driver.get((pages / f"{page}.html").as_uri())
        browser.element(driver, part, pictures / f"{picture}.png")
finally:
    driver.quit()
PICTURES
ls -l docs/gallery
