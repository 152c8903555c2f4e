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
