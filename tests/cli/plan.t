# The best, its price, what the next one lacks; the checked plans in a file of their own.
$ trnsim plan workloads/llama-3-8b-pretrain.yaml --platform platforms/hgx-h100.xml --objective usd --top 2 --check 3 -o results/p.h5
Llama 3 8B, pretraining at 8192 tokens on HGX H100 with NDR InfiniBand (8 GPUs), 8 chips
  plans                      …
  search                     …
  check                      rank correlation … between estimate and simulation of 3 random plans

the best by simulation, for least usd
  1                          TP …
                             step …, … USD per million tokens
  2                          TP …
                             step …, … USD per million tokens
…
  result                     results/p.h5
[exit 0]

$ head -c 16 results/p.h5.check.csv; wc -l < results/p.h5.check.csv
tensor_parallel,4
[exit 0]

# Measured steps of one group against the plans that are found for them.
$ trnsim validate --plans AWS-p5-torchtitan --quiet
row      group                   chips  feasible      rank       alike       own      best      gain
T0335    AWS-p5-torchtitan          32 …
T0336    AWS-p5-torchtitan          32 …

2 rows, 2 compared: in 2 the plan found is at least as fast
…
[exit 0]

# Spare chips wait: plans are of those that work, and the step is the one of so many healthy chips.
$ trnsim plan workloads/llama-3-8b-pretrain.yaml --platform platforms/p5.xml --domains 4 --set batch_tokens=1048576 --set dead_chips=1 --set spare_chips=8 --top 1 --json -q -o results/spare.h5 > spare.json
> trnsim plan workloads/llama-3-8b-pretrain.yaml --platform platforms/p5.xml --domains 3 --set batch_tokens=1048576 --top 1 --json -q -o results/three.h5 > three.json
> python3 -c '
> import json
> spare, three = (json.load(open(f"{name}.json")) for name in ("spare", "three"))
> print(spare["chips"], three["chips"], spare["plans_feasible"] == three["plans_feasible"])
> print(abs(spare["top"][0]["step_time_s"] / three["top"][0]["step_time_s"] - 1) < 1e-9)'
24 24 True
True
[exit 0]
