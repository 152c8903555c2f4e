# Wrong command lines: what was found, and what to do.
$ trnsim rum
trnsim: there is no command 'rum'; did you mean 'run'?
[exit 2]

$ trnsim frobnicate
trnsim: there is no command 'frobnicate'; 'trnsim --help' lists the commands
[exit 2]

$ trnsim help rum
trnsim: there is no command 'rum'; did you mean 'run'?
[exit 2]

$ trnsim digest
trnsim: digest: found 0 arguments, expected RESULT...; 'trnsim help digest' shows examples
[exit 2]

$ trnsim compare a.h5 --bogus
trnsim: compare: --bogus is no option; 'trnsim help compare' lists the options
[exit 2]

$ trnsim compare a.h5 --baslene=b.h5
trnsim: compare: --baslene=b.h5 is no option; did you mean --baseline?
[exit 2]

$ trnsim compare a.h5 -x
trnsim: compare: -x is no option; 'trnsim help compare' lists the options
[exit 2]

$ trnsim compare a.h5 --baseline
trnsim: compare: --baseline needs a value; 'trnsim help compare' lists the options
[exit 2]

$ trnsim compare a.h5 --json=3
trnsim: compare: --json=3 takes no value; 'trnsim help compare' lists the options
[exit 2]
