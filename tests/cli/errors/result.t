# Results that cannot be read.
$ trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml -o c.h5 > /dev/null; trnsim compare c.h5 --baseline c.h5
trnsim: c.h5: is the result of a 'collective' run, expected training or baseline; trnsim report shows such results beside each other
[exit 3]

$ head -c 3000 c.h5 > cut.h5; trnsim digest cut.h5
trnsim: cut.h5: is damaged or cut short, expected a whole result of trnsim; copy it again or run again
[exit 3]
