# The first thing that a person sees.
$ trnsim
trnsim simulates training and serving of large models on clusters of accelerators: Trainium
UltraServers and their GPU baselines, in time, dollars and joules.

Examples:
…
Usage: trnsim COMMAND [OPTION...]

Commands:
  run             …
  plan            …
  sweep           …
  uncertainty     …
  goodput         …
  compare         …
  report          …
  validate        …
  reproduce       …
  platform        …
  import-baseline …
  digest          …
  help            …

'trnsim help COMMAND' explains one. 'trnsim --version' prints the version.

Exit status:
    0  done
    1  only with --expect: a comparison or claim is beyond its tolerance
    2  the command line is wrong
    3  an input file is wrong
    4  the plan does not fit the machine
    5  the operating system or a library refused
  130  interrupted by SIGINT
[exit 0]

$ test "$(trnsim)" = "$(trnsim --help)" && test "$(trnsim)" = "$(trnsim help)"
[exit 0]

$ trnsim --version
trnsim …
[exit 0]

# Two worked examples stand before the options.
$ trnsim compare --help
Says how results differ from a baseline in time, dollars, joules and memory, and
which part of the step makes the difference.

Examples:
  trnsim compare results/a.h5 --baseline results/b.h5
  trnsim compare results/new.h5 --baseline results/old.h5 --expect 5%

Usage: trnsim compare [OPTION...] RESULT...

      --baseline=FILE.h5     A run, or an imported measurement
      --expect=TOLERANCE     …
…
      --json                 …
…
  -q, --quiet                No progress and no warnings
      --help                 Print this help
[exit 0]

$ for command in run compare platform digest; do
>   test "$(trnsim help $command)" = "$(trnsim $command --help)" && trnsim help $command | grep -c Examples:
> done
1
1
1
1
[exit 0]

$ test "$(trnsim help platform inspect)" = "$(trnsim platform inspect --help)"
[exit 0]
