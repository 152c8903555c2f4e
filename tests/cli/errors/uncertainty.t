# uncertainty and goodput, given ranges and times that cannot be.
$ trnsim uncertainty workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml --only none --vary 'size=2MiB..1MiB'
trnsim: the range of size: '2MiB..1MiB' ends before it begins; expected 1..2, uniform(1, 2), …
[exit 2]

$ trnsim uncertainty workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml --only none --vary 'size=gauss(1MiB, 2MiB)'
trnsim: the range of size: 'gauss(1MiB, 2MiB)' is no distribution; expected 1..2, uniform(1, 2), …
[exit 2]

$ trnsim uncertainty workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml --only none --vary 'platform.medium.nic.bandwidth=10..20'
trnsim: the range of platform.medium.nic.bandwidth: property 'medium.nic.bandwidth': '10' has no unit; expected a bandwidth such as 3.2TBps or 128GBps (bytes per second)
[exit 2]

$ trnsim uncertainty workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml --only none --vary 'platform.medium.nic.bandwidth=-1GBps..20GBps'
trnsim: the range of platform.medium.nic.bandwidth: property 'medium.nic.bandwidth': '-1GBps' is negative; expected a bandwidth such as 3.2TBps or 128GBps (bytes per second)
[exit 2]

$ trnsim uncertainty workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml --only none --vary 'platform.medium.nic.efficiency=0.5..7'
trnsim: the range of platform.medium.nic.efficiency: property 'medium.nic.efficiency' is '7', expected more than 0 and at most 1
[exit 2]

$ trnsim uncertainty workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml --only none --vary 'foo=1..2'
trnsim: 'foo' cannot be varied; expected a key of the workload, platform.PROPERTY as trnsim platform inspect lists them, or price
[exit 2]

$ trnsim uncertainty workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml --only none --set size=1MiB --vary 'size=1MiB..2MiB'
trnsim: 'size' has a value (--set) and a range (--vary); keep one
[exit 2]

$ trnsim uncertainty workloads/llama-3-8b-pretrain.yaml --platform platforms/p5.xml --only none --vary 'price=normal(1USD/h, 1USD/h)'
trnsim: the range of price: '-3.75…USD/h' is negative; expected a price per hour such as 2.36USD/h
[exit 2]

$ trnsim goodput workloads/llama-3-8b-pretrain.yaml --platform platforms/p5.xml --interval 0s
trnsim: --interval: found '0s', expected more than no time; without it Daly's optimum is taken
[exit 2]

$ trnsim goodput workloads/llama-3-8b-pretrain.yaml --platform platforms/p5.xml --weibull 0
trnsim: --weibull: found '0', expected 0.1 to 10
[exit 2]

$ trnsim goodput workloads/llama-3-8b-pretrain.yaml --platform platforms/p5.xml --detection 5
trnsim: --detection: '5' has no unit; expected a time such as 15us, 2.5s or 30min
[exit 2]

$ printf 'title: t\ndate: 2026-10\ncurrency: USD\nentries:\n- {chip: h100, kind: owner, usd_per_chip_h: 1USD/h, low: 3USD/h, high: 2USD/h, source: s}\n' > book.yaml; trnsim run workloads/llama-3-8b-pretrain.yaml --platform platforms/p5.xml --prices book.yaml
trnsim: book.yaml:5: usd_per_chip_h: the price is outside its own low and high
    - {chip: h100, kind: owner, usd_per_chip_h: 1USD/h, low: 3USD/h, high: 2USD/h, source: s}
[exit 3]

$ printf 'title: t\ndate: 2026-10\ncurrency: USD\nentries:\n- {chip: h100, kind: owner, usd_per_chip_h: -1USD/h, source: s}\n' > book.yaml; trnsim run workloads/llama-3-8b-pretrain.yaml --platform platforms/p5.xml --prices book.yaml
trnsim: book.yaml:5: usd_per_chip_h: '-1USD/h' is negative; expected a price per hour such as 2.36USD/h
    - {chip: h100, kind: owner, usd_per_chip_h: -1USD/h, source: s}
[exit 3]
