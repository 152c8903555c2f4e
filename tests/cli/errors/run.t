# Runs that cannot begin: the command line, its files, the place of the result.
$ trnsim run
trnsim: run: found 0 arguments, expected WORKLOAD; 'trnsim help run' shows examples
[exit 2]

$ trnsim run workloads/all-reduce-1GiB.yaml
trnsim: run needs a machine; add --platform FILE (trnsim platform list shows those there are)
[exit 2]

$ trnsim run nothing.yaml --platform platforms/p5.xml
trnsim: nothing.yaml: cannot be read (No such file or directory); check the path and the folder you are in
[exit 5]

$ trnsim run workloads --platform platforms/p5.xml
trnsim: workloads: is a folder, expected a regular file
[exit 5]

$ trnsim run workloads/all-reduce-1GiB.yaml --platform nothing.xml
trnsim: nothing.xml: cannot be read (No such file or directory); check the path and the folder you are in
[exit 5]

$ trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/README.md
trnsim: platforms/README.md:1:2: is not well-formed XML: not well-formed (invalid token); mend it here or just before
    # Platforms
     ^
[exit 3]

$ trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml --ultraservers 0
trnsim: --ultraservers: found '0', expected a whole number of 1 or more
[exit 2]

$ trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml --ultraservers two
trnsim: --ultraservers: found 'two', expected a whole number of 1 or more
[exit 2]

$ trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml --ultraservers 100000000
trnsim: platforms/p5.xml: 100000000 servers asked for, but the last scale-out tier joins at most 524288; use fewer, or add a tier
[exit 3]

$ trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml --detail fine
trnsim: --detail: found 'fine', expected message, flow or folded
[exit 2]

$ trnsim run workloads/llama-3-8b-pretrain.yaml --platform platforms/p5.xml --price-kind gift
trnsim: 'gift' is no kind of price; expected owner, capacity-block, on-demand, reserved, neocloud or spot
[exit 2]

$ trnsim run workloads/llama-3-8b-pretrain.yaml --platform platforms/p5.xml --prices nothing.yaml
trnsim: nothing.yaml: cannot be read (No such file or directory); check the path and the folder you are in
[exit 5]

$ trnsim run workloads/llama-3-8b-pretrain.yaml --platform platforms/p5.xml --prices workloads/llama-3-8b-pretrain.yaml
trnsim: workloads/llama-3-8b-pretrain.yaml:2:1: 'kind' is no key; a book has title, date, currency and entries, an entry chip, platform, kind, usd_per_chip_h, low, high, estimate and source, or capital, years, power, colocation, electricity and staff
    kind: training
    ^
[exit 3]

$ trnsim run workloads/llama-3-8b-pretrain.yaml --platform platforms/p5.xml --plan nothing.yaml
trnsim: nothing.yaml: cannot be read (No such file or directory); check the path and the folder you are in
[exit 5]

$ trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml -o /dev/null
trnsim: /dev/null: is a device, expected a regular file or a new name for the result
[exit 2]

$ trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml -o results
trnsim: results: is a folder, expected a regular file or a new name for the result
[exit 2]

$ trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml -o nowhere/a.h5
trnsim: nowhere/a.h5: the folder 'nowhere' cannot be used for a result (No such file or directory); make it first
[exit 2]

$ trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml -o ''
trnsim: this names no file to write a result to; give the name of a file
[exit 2]

$ trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml -o /proc/a.h5
trnsim: /proc/a.h5: the result cannot be written (No such file or directory)
[exit 5]

$ mkfifo pipe; trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml -o pipe
trnsim: pipe: is a pipe, expected a regular file or a new name for the result
[exit 2]

$ ln -s /nowhere/x link.h5; trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml -o link.h5
trnsim: link.h5: is a link that leads nowhere (No such file or directory); give the path of a file
[exit 2]

$ trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml --plan auto
trnsim: --plan auto is for training and serving workloads; leave it out
[exit 2]

# A full disk: one message, nothing left behind, and an old result stays whole.
$ (ulimit -f 7; trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml -o big.h5)
trnsim: big.h5: …
[exit 5]

$ ls
link.h5
pipe
platforms
results
workloads
[exit 0]

$ trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml -o big.h5 > /dev/null
[exit 0]

$ before=$(sha256sum big.h5); (ulimit -f 7; trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml -o big.h5)
> test "$before" = "$(sha256sum big.h5)" && echo whole
trnsim: big.h5: …
whole
[exit 0]

# Ctrl-C in mid-run: one line, nothing left behind.
$ timeout --preserve-status -s INT 3 trnsim run workloads/llama-3.1-405b-pretrain.yaml --platform platforms/trn3-ultraserver.xml --ultraservers 64 --detail flow -o results/a.h5
trnsim: interrupted; no result was written
[exit 130]

$ ls -A results
[exit 0]

$ trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml --set slow_chips=3
trnsim: workloads/all-reduce-1GiB.yaml: slow_chips and chip_speed_deviation are for training steps; take them out of this workload
[exit 3]

$ trnsim run workloads/serve-llama-3-70b-conv.yaml --platform platforms/p5.xml --set chip_speed_deviation=0.1
trnsim: workloads/serve-llama-3-70b-conv.yaml: slow_chips and chip_speed_deviation are for training steps; take them out of this workload
[exit 3]
