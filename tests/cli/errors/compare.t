# compare and digest, given what is no result.
$ trnsim compare a.h5
trnsim: compare: there is no --baseline; 'trnsim help compare' shows examples
[exit 2]

$ trnsim compare a.h5 --baseline b.h5 --expect 5
trnsim: --expect: found '5', more than the whole; write 5% or 0.05 for five per cent
[exit 2]

$ trnsim compare a.h5 --baseline b.h5 --expect much
trnsim: --expect: 'much' is no number; expected a fraction such as 0.85 or 85%
[exit 2]

$ trnsim compare a.h5 --baseline nothing.h5
trnsim: nothing.h5: cannot be read (No such file or directory); check the path
[exit 5]

$ echo text > text.h5; trnsim digest text.h5
trnsim: text.h5: …
[exit 3]

$ trnsim digest results
trnsim: results: is no regular file, expected a result of trnsim (.h5)
[exit 3]
