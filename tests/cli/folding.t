# The network that stands for 512 chips: 64 servers as one, said in comments; SimGrid's own XML.
$ trnsim platform fold platforms/hgx-h100.xml --workload workloads/llama-2-7b-pretrain.yaml --ultraservers 64 > fold.xml
> python3 -c '
> import xml.etree.ElementTree as tree
> zone = tree.parse("fold.xml").getroot().find("zone")
> print(len(zone.findall("host")) < 100, len(zone.findall("link")) < 60)'
> grep -c "the first of 512 links of equal rate" fold.xml
True True
4
[exit 0]

# Slow chips: the answer says what the slowest cost; drawn by seed; a machine of a thousand chips in a second.
$ trnsim run workloads/llama-2-7b-pretrain.yaml --platform platforms/hgx-h100.xml --domains 128 --set slow_chips=3 --set slow_chip_speed=0.8 --prices none --json -q -o results/slow.h5 > slow.json
> trnsim run workloads/llama-2-7b-pretrain.yaml --platform platforms/hgx-h100.xml --domains 128 --prices none --json -q -o results/fit.h5 > fit.json
> python3 -c '
> import json
> slow, fit = json.load(open("slow.json")), json.load(open("fit.json"))
> lost = slow["step_time_s"] - fit["step_time_s"]
> assert abs(slow["slowest_cost_s"] / lost - 1) < 1e-9
> assert 0.02 < lost / fit["step_time_s"] < 0.25, lost
> print(fit["classes"], slow["classes"])'
8 16
[exit 0]

# Half a NIC link slows the step; a name that is none, and a share that is none, are told.
$ for share in 1 0.5; do trnsim run workloads/llama-2-7b-pretrain.yaml --platform platforms/hgx-h100.xml --domains 16 --detail folded --set degraded_links=u3.nic-0_UP:$share --prices none --json -q -o results/half-$share.h5 > half-$share.json; done
> python3 -c '
> import json
> whole, half = (json.load(open(f"half-{s}.json"))["step_time_s"] for s in ("1", "0.5"))
> print(half > whole * 1.001)'
True
[exit 0]

$ trnsim run workloads/llama-2-7b-pretrain.yaml --platform platforms/hgx-h100.xml --domains 16 --set degraded_links=u3.nic-9_UP:0.5
trnsim: degraded_links: there is no link 'u3.nic-9_UP' among the 16 servers of hgx-h100; names are like u0.nvlink-0_UP (a link of the first one) and tier1.0.0_UP
[exit 3]

# Dead links: a NIC's traffic takes another chip's, a chip without NVLink its NIC, folded as unfolded; a switch of 18 is lost; nothing is left.
$ for dead in u3.nic-0:0 u3.nvlink-0_UP:0 'u3.nvlink-*:17/18'; do for detail in folded flow; do trnsim run workloads/llama-2-7b-pretrain.yaml --platform platforms/hgx-h100.xml --domains 4 --detail $detail --set "degraded_links=$dead" --prices none --json -q -o results/dead.h5 > dead.json; python3 -c 'import json; print(json.load(open("dead.json"))["step_time_s"])'; done; done > steps
> python3 -c '
> steps = [float(line) for line in open("steps")]
> print([abs(a / b - 1) < 1e-9 for a, b in zip(steps[::2], steps[1::2])], steps[2] > 2 * steps[0], steps[4] < 1.05 * steps[0])'
[True, True, True] True True
[exit 0]

# One slow or dead NIC of a million chips: its own domain is told apart at most, and the step pays for the slowest flow.
$ for share in 1 0.5 0; do trnsim run workloads/llama-3.1-405b-pretrain.yaml --platform platforms/trn3-ultraserver.xml --ultraservers 6945 --set degraded_links=u3.nic-05-1:$share --prices none --json -q -o results/one.h5 2> /dev/null > one-$share.json; done
> python3 -c '
> import json
> whole, slow, dead = (json.load(open(f"one-{share}.json")) for share in ("1", "0.5", "0"))
> print(whole["classes"], slow["classes"], dead["classes"], max(run["link_classes"] for run in (whole, slow, dead)) < 300)
> print(whole["step_time_s"] * 1.01 < slow["step_time_s"] < dead["step_time_s"] < whole["step_time_s"] * 1.1)'
144 144 288 True
True
[exit 0]

$ trnsim run workloads/llama-2-7b-pretrain.yaml --platform platforms/hgx-h100.xml --domains 16 --set 'degraded_links=u3.nic-*:0'
trnsim: degraded_links: u3.nic-0_DOWN is dead, and nothing is left from chip-0 of server 2 to chip-0 of server 3, which the data-parallel exchange needs; leave a chip without links out of the job, or give a link a share above 0
[exit 3]

$ trnsim run workloads/llama-2-7b-pretrain.yaml --platform platforms/hgx-h100.xml --domains 2 --set slow_chips=17
trnsim: slow_chips is 17, but the machine has 16 chips
[exit 3]

# Dead chips: a server leaves with one, a spare takes its place, and the step is that of so many healthy servers, folded as unfolded.
$ for detail in folded flow; do trnsim run workloads/llama-2-7b-pretrain.yaml --platform platforms/hgx-h100.xml --domains 5 --detail $detail --set dead_chips=u1.chip-3 --set spare_chips=8 --prices none --json -q -o results/spare.h5 > spare-$detail.json; done
> trnsim run workloads/llama-2-7b-pretrain.yaml --platform platforms/hgx-h100.xml --domains 4 --prices none --json -q -o results/four.h5 > four.json
> python3 -c '
> import json
> folded, flow, four = (json.load(open(f"{name}.json")) for name in ("spare-folded", "spare-flow", "four"))
> print([run["chips"] for run in (folded, flow, four)], folded["dead_chips"], folded["spare_chips"])
> print(all(abs(run["step_time_s"] / four["step_time_s"] - 1) < 1e-9 for run in (folded, flow)))'
[32, 32, 32] 8 8
True
[exit 0]

$ trnsim run workloads/llama-2-7b-pretrain.yaml --platform platforms/hgx-h100.xml --domains 4 --set dead_chips=u1.chip-3
trnsim: dead_chips: 8 of 32 chips leave, 24 remain, 24 of them in whole blocks of 8 that can take a team's place; the job wants 32 and finds too few spare ones; set spare_chips=8 for a job of 24 chips, or give the machine more
[exit 4]

$ trnsim run workloads/llama-2-7b-pretrain.yaml --platform platforms/hgx-h100.xml --domains 4 --set dead_chips=u1.gpu-3
trnsim: dead_chips: there is no chip 'u1.gpu-3' among the 4 servers of hgx-h100; names are like u0.chip-0, or give a number to be drawn by seed
[exit 3]

$ trnsim run workloads/llama-2-7b-pretrain.yaml --platform platforms/hgx-h100.xml --domains 2 --set spare_chips=16
trnsim: spare_chips is 16, and the machine has 16 chips: none is left to work; keep fewer, or set --ultraservers higher
[exit 3]

# A sled of Trainium3 leaves with a chip: bytes between the racks go round its direct links.
$ for dead in none u1.chip-20-2; do for detail in folded flow; do trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/trn3-ultraserver.xml --domains 2 --detail $detail --set group_chips=284 --set dead_chips=$dead --json -q -o results/sled.h5 > sled.json; python3 -c 'import json; run = json.load(open("sled.json")); print(run["chips"], run["time_s"])'; done; done > sleds
> trnsim run workloads/llama-3.1-405b-pretrain.yaml --platform platforms/trn3-ultraserver.xml --ultraservers 65 --set dead_chips=4 --set spare_chips=144 --prices none --json -q -o results/ten.h5 2> /dev/null > ten.json
> python3 -c '
> import json
> rows = [line.split() for line in open("sleds")]
> print([row[0] for row in rows], [abs(float(rows[i][1]) / float(rows[i + 1][1]) - 1) < 1e-9 for i in (0, 2)])
> ten = json.load(open("ten.json"))
> print(ten["chips"], ten["dead_chips"])'
['284', '284', '284', '284'] [True, True]
9216 16
[exit 0]

# Planes: a dead one leaves half, everywhere or on the NICs of one UltraServer; at half rate a plane holds up what is sprayed over both. Folded as unfolded.
$ for defect in none plane1:0 plane1:0.5 u1.nic-\*.plane1:0 u1.nic-05-1_UP.plane0:0.25,tier1.0.0.plane1:0; do for detail in folded flow; do trnsim run workloads/llama-3.1-405b-pretrain.yaml --platform platforms/trn3-ultraserver.xml --ultraservers 2 --detail $detail --set degraded_links=$defect --set batch_tokens=1048576 --prices none --json -q -o results/plane.h5 2> /dev/null > plane.json; python3 -c 'import json; print(json.load(open("plane.json"))["step_time_s"])'; done; done > planes
> python3 -c '
> steps = [float(line) for line in open("planes")]
> print([abs(a / b - 1) < 1e-9 for a, b in zip(steps[::2], steps[1::2])])
> whole, dead, half, nic, mixed = steps[::2]
> print(abs(dead / half - 1) < 1e-9, whole * 1.001 < nic < dead * 1.001, dead * 0.999 < mixed)'
[True, True, True, True, True]
True True True
[exit 0]

$ trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/hgx-h100.xml --domains 2 --set degraded_links=plane1:0.5
trnsim: degraded_links: there is no plane 'plane1': the scale-out network of hgx-h100 has 1, numbered from 0 (property scale_out.planes)
[exit 3]

# A folded network is no machine: chips are gone, classes of flows are left.
$ trnsim platform fold platforms/hgx-h100.xml --ultraservers 2 -o quotient.xml && trnsim run workloads/all-reduce-1GiB.yaml --platform quotient.xml
trnsim: quotient.xml:4:1: routing="None": this is the network of a folded run (platform fold), one pair of hosts for each class of flows, without chips, so that no workload can be laid on it; run the machine that was folded with --detail folded, which gives its step, or hand this file to SimGrid
    <zone id="run" routing="None">
    ^
[exit 3]

# Folded points of a sweep are the same whatever the number of processes.
$ cat > folded.yaml <<END
> title: folded points
> workload: workloads/llama-2-7b-pretrain.yaml
> platform: platforms/hgx-h100.xml
> prices: none
> detail: folded
> axes:
>   - {key: ultraservers, values: [16, 32]}
>   - {key: slow_chips, values: [0, 3]}
>   - {key: degraded_links, values: ['none', 'u3.nic-0:0']}
> END
> for jobs in 1 3; do trnsim sweep folded.yaml -j $jobs -q -o points-$jobs > /dev/null || echo failed; (cd points-$jobs/points && trnsim digest *.h5 | sort) > digests-$jobs; done
> cmp digests-1 digests-3 && wc -l < digests-1
8
[exit 0]
