# A training step on a small machine, told and as JSON.
$ trnsim run workloads/llama-3-8b-pretrain.yaml --platform platforms/p5.xml --set batch_tokens=65536 -o results/a.h5
Llama 3 8B, pretraining at 8192 tokens on …
  chips                      8 (1 server of 8)
  plan                       TP 2 with SP, PP 1 x 1, CP 1, EP 1, DP 4, ZeRO-1; …
  batch                      65500 tokens

  step time                  …s
    range                    …s to …s
    evidence                 fit: 10th to 90th percentile of measured over simulated, … training steps of … sources on NVIDIA H100 SXM
  throughput                 … tokens/s, … a chip
  MFU                        … % of the headline bf16 peak
  cost                       … USD per million tokens (… USD to … USD; owner price of 2026-10, an estimate)
  energy                     …J per million tokens, …W on average, …W at its peak

where the time goes (mean over chips)
  matmul                     … %
…
memory of the fullest chip (stage 0), of 80.0 GiB
…
  in all                     … GiB

how it was simulated
…
  result                     results/a.h5
[exit 0]

$ trnsim run workloads/llama-3-8b-pretrain.yaml --platform platforms/p5.xml --set batch_tokens=65536 -o results/b.h5 --json > b.json
> python3 -c '
> import json
> answer = json.load(open("b.json"))
> for name in ("step_time_s", "tokens_per_s", "mfu_fraction", "peak_memory_bytes",
>              "cost_usd_per_million_tokens", "energy_J_per_million_tokens",
>              "simulator_wall_s", "simulator_peak_bytes"):
>     assert answer[name] > 0, name
> parts = sum(row["time_s"] for row in answer["breakdown"])
> assert abs(parts / answer["step_time_s"] - 1) < 1e-6, parts
> print(answer["chips"], answer["price_kind"])'
8 owner
[exit 0]

# The same run twice is the same result.
$ trnsim digest results/a.h5 results/b.h5 | cut -d ' ' -f 1 | uniq | wc -l
1
[exit 0]

$ trnsim compare results/a.h5 --baseline results/b.h5 --expect 0%
llama-3-8b-pretrain: results/a.h5
  against results/b.h5

   … p5 x 1          p5 x 1     ratio
  chips   … 8               8      1.00
…
  p5 x 1 is as fast as p5 x 1,
    with 1.00 times its tokens/s per chip
    (… times by the ranges of the step times)
  p5 x 1 is as dear as p5 x 1 per token:
…
Why: per token it takes 1.00 times the chip-hours, each at 1.00 times the price.
Chip-hours per million tokens, by part of the step:
…
  whole step … +0
[exit 0]

# Another machine: beyond the tolerance, and other work is warned of.
$ trnsim run workloads/llama-3-8b-pretrain.yaml --platform platforms/p5.xml --set batch_tokens=131072 -o results/c.h5 --quiet > /dev/null
[exit 0]

$ trnsim compare results/c.h5 --baseline results/a.h5 --expect 5% --json | cat > /dev/null
trnsim: results/c.h5: its step takes … times as long as the baseline's, expected within 5 %
[exit 0]

$ trnsim compare results/c.h5 results/b.h5 --baseline results/a.h5 --expect 5% > /dev/null
trnsim: results/c.h5: its step takes … times as long as the baseline's, expected within 5 %
[exit 1]

$ sed 's/^title.*/title: the same/; s|models/|workloads/models/|' workloads/llama-3-8b-pretrain.yaml > other.yaml
> trnsim run other.yaml --platform platforms/p5.xml --set batch_tokens=65536 --prices none -o results/d.h5 -q > /dev/null
> trnsim compare results/d.h5 --baseline results/a.h5 | grep -A 1 Cost
trnsim: warning: results/d.h5 is of workload 'other', the baseline of 'llama-3-8b-pretrain': the ratios compare different work
  Cost cannot be compared: p5 x 1 has no price (results/d.h5);
    run it with --prices and a book that knows its chips
[exit 0]

# A collective.
$ trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/trn3-ultraserver.xml --detail flow --json -o results/e.h5 > e.json
> python3 -c '
> import json
> answer = json.load(open("e.json"))
> print(answer["time_s"] > 0, answer["bus_bandwidth_Bps"] > 1e9)'
True True
[exit 0]

# Without -o the name says what was run; prices of a day.
$ trnsim run workloads/llama-3-8b-pretrain.yaml --platform platforms/p5.xml --set batch_tokens=65536 --prices platforms/prices/aws-2026-10.yaml --price-kind on-demand | grep -E 'cost|result'
  cost                       … USD per million tokens (… on-demand price of 2026-10)
  result                     results/llama-3-8b-pretrain-p5-….h5
[exit 0]

# Two copies of one workload on domains or chips in turn, trunks at 1:7: both are slower by as much, folded or not. Chips in turn have rails
# of their own, and meet on trunks without rails only: a step then pays for the other's bytes on its trunk.
$ mkdir -p narrow && sed -E -e 's/(scale_out.1.oversubscription" value=)"1"/\1"7"/' -e 's/(scale_out.1.domains" value=)"[0-9]+"/\1"4"/' platforms/hgx-h100.xml > narrow/hgx-h100.xml
> mkdir -p one-rail && sed -E 's/(scale_out.1.rails" value=)"[0-9]+"/\1"1"/' narrow/hgx-h100.xml > one-rail/hgx-h100.xml
> for run in domains:narrow chips:narrow chips:one-rail; do for detail in flow folded; do
>     trnsim run workloads/llama-2-7b-pretrain.yaml --beside workloads/llama-2-7b-pretrain.yaml --layout ${run%:*} --platform ${run#*:}/hgx-h100.xml --domains 16 --detail $detail --prices none --json -o results/beside-$detail.h5 > beside-$run-$detail.json
> done; done
> python3 -c '
> import json
> for run in ("domains:narrow", "chips:narrow", "chips:one-rail"):
>     flow, folded = (json.load(open(f"beside-{run}-{d}.json")) for d in ("flow", "folded"))
>     for a, b in zip(flow["workloads"], folded["workloads"]):
>         assert abs(a["step_together_s"] / b["step_together_s"] - 1) < 1e-9
>         assert abs(a["step_alone_s"] / b["step_alone_s"] - 1) < 1e-9
>     assert folded["classes"] < flow["classes"]
>     print(flow["layout"], [row["chips"] for row in flow["workloads"]], a["slowdown_fraction"] > 0.01)'
domains [64, 64] True
chips [64, 64] False
chips [64, 64] True
[exit 0]

$ trnsim run workloads/llama-2-7b-pretrain.yaml --beside workloads/llama-2-7b-pretrain.yaml --platform platforms/hgx-h100.xml --domains 3
trnsim: 3 servers cannot be cut into 2 equal parts, one for each workload; set --ultraservers to a multiple of 2
[exit 3]

$ trnsim run workloads/llama-2-7b-pretrain.yaml --beside workloads/all-reduce-1GiB.yaml --platform platforms/hgx-h100.xml --domains 2
trnsim: workloads/all-reduce-1GiB.yaml: only training workloads can run side by side; run others alone
[exit 3]

# No training step on Trainium3 is public: the answer says on what it stands.
$ trnsim run workloads/llama-3-8b-pretrain.yaml --platform platforms/trn3-ultraserver-gen1.xml --set batch_tokens=524288 --detail folded --json --quiet -o results/e.h5
{
…
  "step_time_s": …,
  "step_time_low_s": …,
  "step_time_high_s": …,
  "evidence": "derived: none of its training steps is measured (bottom-up from the kernels of its documented array and its collectives, end to end from the sibling): percentiles of … training steps of … sources on AWS Trainium1, widened by … for what is not known of this chip",
…
}
[exit 0]

# The fleet that a search finds serves the load.
$ trnsim run workloads/serve-llama-3-70b-conv.yaml --platform platforms/hgx-h100.xml --set requests=2000 --plan auto -o results/s.h5
trnsim: warning: 1 requests longer than the 8192 positions of workloads/models/llama-3-70b.json (max_position_embeddings) were served as far as max_model_len allows
Llama 3 70B, conversations, 200,000 requests on HGX H100 with NDR InfiniBand (8 GPUs)
  chips                      8: 2 replicas of TP 4 x PP 1, EP 1
…
[exit 0]
