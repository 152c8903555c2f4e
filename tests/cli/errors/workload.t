# Workload files: what is there, what was expected, and where.
$ printf '' > w.yaml; trnsim run w.yaml --platform platforms/p5.xml
trnsim: w.yaml: the file is empty, expected the keys of workloads/README.md
[exit 3]

$ printf 'kind: training\ntraining: [\n' > w.yaml; trnsim run w.yaml --platform platforms/p5.xml
trnsim: w.yaml:3:1: not valid YAML (did not find expected node content); correct it at this place
[exit 3]

$ printf 'kind: collective\ncollective:\n  operation: all-reduce\n  sise: 1GiB\n' > w.yaml; trnsim run w.yaml --platform platforms/p5.xml
trnsim: w.yaml:4:3: there is no key 'sise' here, expected one of operation, size, group_chips, repeats, algorithm
      sise: 1GiB
      ^
[exit 3]

$ printf 'kind: collective\ncollective:\n  operation: all-reduce\n' > w.yaml; trnsim run w.yaml --platform platforms/p5.xml
trnsim: w.yaml:2:1: the key 'size' is missing in 'collective'; add it as in workloads/README.md
    collective:
    ^
[exit 3]

$ printf 'kind: collective\ncollective:\n  operation: all-reduce\n  size: 1024\n' > w.yaml; trnsim run w.yaml --platform platforms/p5.xml
trnsim: w.yaml:1: the key 'title' is missing in the file; add it as in workloads/README.md
    kind: collective
[exit 3]

$ printf 'kind: collective\ncollective:\n  operation: [a]\n  size: 1GiB\n' > w.yaml; trnsim run w.yaml --platform platforms/p5.xml
trnsim: w.yaml:3:3: 'collective.operation' is a list, expected a single value as in workloads/README.md
      operation: [a]
      ^
[exit 3]

$ printf 'kind: dance\n' > w.yaml; trnsim run w.yaml --platform platforms/p5.xml
trnsim: w.yaml:1: the key 'title' is missing in the file; add it as in workloads/README.md
    kind: dance
[exit 3]

$ printf 'kind: collective\ncollective:\n  operation: all-reduce\n  size: 1GiB\n  size: 1GiB\n' > w.yaml; trnsim run w.yaml --platform platforms/p5.xml
trnsim: w.yaml:5:3: 'collective.size' stands here a second time; remove one
      size: 1GiB
      ^
[exit 3]
