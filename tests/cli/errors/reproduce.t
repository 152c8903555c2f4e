# reproduce, given claims that are not there or name what is not there.
$ trnsim reproduce trn3-144-chip
trnsim: there is no claim 'trn3-144-chip'; did you mean 'trn3-144-chips'?
[exit 2]

$ trnsim reproduce xyz
trnsim: there is no claim 'xyz'; those there are: hundred-billion, llama3-goodput, …, weekly-users
[exit 2]

$ mkdir claims; trnsim reproduce --claims claims
trnsim: claims: there is no claim (.yaml) in this folder; name another with --claims
[exit 3]

$ printf 'title: t\nstatement: s\nsource: s\ndate: d\nweakest: w\nplatforms:\n- {name: m, file: gone.xml}\nparts:\n- {name: p, formula: m.chips, unit: u}\n' > claims/a.yaml; trnsim reproduce --claims claims
trnsim: claims/gone.xml: cannot be read (No such file or directory); check the path …
[exit 5]

$ printf 'title: t\nstatement: s\nsource: s\ndate: d\nweakest: w\nparts:\n- {name: p, formula: 1 + x, unit: u}\n' > claims/a.yaml; trnsim reproduce --claims claims
trnsim: claims/a.yaml:…: p: there is no number or price 'x'
…
[exit 3]
