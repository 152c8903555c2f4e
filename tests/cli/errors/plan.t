# What trnsim plan refuses.
$ trnsim plan workloads/llama-3-8b-pretrain.yaml --platform platforms/hgx-h100.xml --objective speed
trnsim: --objective: found 'speed', expected time, usd or joule
[exit 2]

$ trnsim plan workloads/llama-3-8b-pretrain.yaml --platform platforms/hgx-h100.xml --objective usd --prices none
trnsim: --objective usd needs a price; leave --prices none out
[exit 2]

$ trnsim plan workloads/llama-3-8b-pretrain.yaml --platform platforms/hgx-h100.xml --top 100
trnsim: --top: found '100', expected 64 or less
[exit 2]

$ trnsim plan workloads/serve-llama-3-70b-conv.yaml --platform platforms/p5.xml --set dead_chips=1
trnsim: workloads/serve-llama-3-70b-conv.yaml: degraded_links, dead_chips and spare_chips are for training and collectives; a served load takes the keys of serving.fleet
[exit 3]

$ trnsim plan workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml
trnsim: workloads/all-reduce-1GiB.yaml: is no training or serving workload, which plan needs
[exit 2]

$ trnsim plan workloads/llama-3.1-405b-pretrain.yaml --platform platforms/hgx-h100.xml --set batch_tokens=8192
trnsim: workloads/llama-3.1-405b-pretrain.yaml: none of …
[exit 4]
