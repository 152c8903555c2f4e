# What is printed is not lost without a word.
$ trnsim --help > /dev/full
trnsim: standard output could not be written: No space left on device; send it elsewhere
[exit 5]

$ (trnsim help compare; echo "status $?" >&2) | true
trnsim: standard output could not be written: Broken pipe; send it elsewhere
status 5
[exit 0]

$ trnsim --version >&-
trnsim: standard output could not be written: Bad file descriptor; send it elsewhere
[exit 5]
