# --set, and plans and collectives that do not suit the machine.
$ trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml --set group=3
trnsim: --set 'group=3' names no key; use key=value with one of …
[exit 2]

$ trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml --set plan.tensor_parallel=3
trnsim: --set 'plan.tensor_parallel=3' is of no use: the workload is a collective; remove it
[exit 2]

$ trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml --set size=64
trnsim: --set size is wrong: '64' has no unit; expected a size such as 96GiB or 4GB
[exit 2]

$ trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml --set size=64Mi
trnsim: --set size is wrong: '64Mi' has an unknown unit; expected a size such as 96GiB or 4GB
[exit 2]

$ trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml --set operation=shuffle
trnsim: --set operation is 'shuffle', expected all-reduce, reduce-scatter, all-gather, all-to-all, broadcast or send-receive
[exit 2]

$ trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml --set algorithm=magic
trnsim: there is no algorithm 'magic'; for all-reduce over 8 chips expected one of auto, …
[exit 3]

$ trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml --set algorithm=torus
trnsim: algorithm 'torus' cannot do all-reduce over 8 chips, expected one of auto, …
[exit 4]

$ trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml --set group_chips=1000
trnsim: the collective wants 1000 chips, the machine has 8 and a collective needs at least 2; change group_chips or --ultraservers
[exit 4]

$ trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml --set coalesce=maybe
trnsim: --set coalesce is 'maybe', expected on or off
[exit 2]

$ trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml --set size
trnsim: --set 'size' names no key; use key=value with one of …
[exit 2]

$ trnsim run workloads/llama-3-8b-pretrain.yaml --platform platforms/p5.xml --set plan.tensor_parallel=3
trnsim: plan.tensor_parallel is 3, which does not divide the 32 attention heads; use 2 or 4
[exit 4]

$ trnsim run workloads/llama-3-8b-pretrain.yaml --platform platforms/p5.xml --set plan.pipeline_parallel=3
trnsim: tensor_parallel 2 x pipeline_parallel 3 x context_parallel 1 = 6 does not divide the 8 chips; use a multiple of 6 chips, or pipeline_parallel 2 or 4
[exit 4]

$ trnsim run workloads/llama-3-8b-pretrain.yaml --platform platforms/p5.xml --set plan.expert_parallel=2
trnsim: plan.expert_parallel is 2, but llama-3-8b has no experts; use 1
[exit 4]

$ trnsim run workloads/llama-3-8b-pretrain.yaml --platform platforms/p5.xml --set plan.tensor_parallel=16
trnsim: tensor_parallel 16 x pipeline_parallel 1 x context_parallel 1 = 16 does not divide the 8 chips; use a multiple of 16 chips
[exit 4]

$ trnsim run workloads/llama-3-8b-pretrain.yaml --platform platforms/p5.xml --set plan.dtype=int8
trnsim: --set dtype is 'int8', expected bf16, fp16, fp8 or fp4
[exit 2]

$ trnsim run workloads/llama-3-8b-pretrain.yaml --platform platforms/p5.xml --set plan.recompute=some
trnsim: --set recompute is 'some', expected none, selective, vector or full
[exit 2]

$ trnsim run workloads/llama-3-8b-pretrain.yaml --platform platforms/p5.xml --set plan.micro_batch=0
trnsim: --set micro_batch is 0, expected a whole number from 1 to 65536
[exit 2]

$ trnsim run workloads/llama-3-8b-pretrain.yaml --platform platforms/p5.xml --set size=1GiB
trnsim: --set 'size=1GiB' is of no use: the workload is a training; remove it
[exit 2]

$ trnsim run workloads/llama-3-8b-pretrain.yaml --platform platforms/p5.xml --set batch_tokens=8192 --set plan.tensor_parallel=1
trnsim: workloads/llama-3-8b-pretrain.yaml: pipeline stage 0 needs … GiB a chip and NVIDIA H100 SXM has 80.0 GiB: weights …, gradients and optimizer …, activations …; it fits with recompute: full
[exit 4]

$ trnsim run workloads/llama-3.1-405b-pretrain.yaml --platform platforms/p5.xml --ultraservers 128 --set plan.pipeline_parallel=2 --set plan.tensor_parallel=8
trnsim: workloads/llama-3.1-405b-pretrain.yaml: pipeline stage 0 needs … GiB a chip and NVIDIA H100 SXM has 80.0 GiB: weights …, gradients and optimizer …, activations …; it fits with recompute: full and pipeline_parallel: 4
[exit 4]

$ trnsim run workloads/llama-3-8b-pretrain.yaml --platform platforms/trn1.32xlarge.xml --set plan.tensor_parallel=8 --set batch_tokens=131072 -o results/x.h5 | grep cost
trnsim: warning: no price of a trn1 chip in this book; add an entry with its source or give another book
  cost                       unknown: no price
[exit 0]

$ trnsim run workloads/llama-3-8b-pretrain.yaml --platform platforms/p5.xml --set plan.pipeline_parallel=2 --set plan.virtual_stages=2 --set plan.tensor_parallel=4 --set batch_tokens=24576
trnsim: interleaved 1F1B works on microbatches in rounds of pipeline_parallel (2), and 3 microbatches a pipeline are no multiple of it; change batch_tokens, micro_batch or virtual_stages
[exit 4]
