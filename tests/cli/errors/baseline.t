# Measurements that cannot be imported.
$ trnsim import-baseline workloads/measured/baselines.csv
trnsim: import-baseline: there is no -o FILE; name the result to write
[exit 2]

$ trnsim import-baseline workloads/measured/baselines.csv -o b.h5
trnsim: workloads/measured/baselines.csv: has 4 rows, and a baseline is one; choose with --row ID, one of: llama-3.1-405b-gb200-512, llama-3.1-405b-gb200-2496, llama-3.1-405b-h100-512, llama-3.1-405b-h200-512
[exit 2]

$ trnsim import-baseline workloads/measured/baselines.csv --row tpu -o b.h5
trnsim: workloads/measured/baselines.csv: has no row 'tpu', expected one of: llama-3.1-405b-gb200-512, llama-3.1-405b-gb200-2496, llama-3.1-405b-h100-512, llama-3.1-405b-h200-512
[exit 3]

$ printf 'id,system,speed\na,lab,3\n' > b.csv; trnsim import-baseline b.csv -o b.h5
trnsim: b.csv:1: column 'speed' is unknown, expected columns of docs/BASELINES.md; rename it or take it out
    id,system,speed
[exit 3]

$ printf 'id,system\na,lab\n' > b.csv; trnsim import-baseline b.csv -o b.h5
trnsim: b.csv:1: there is no column 'accelerator' (kind of its accelerators), which every baseline needs; add it
    id,system
[exit 3]

$ printf 'id,system,accelerator,accelerators,model,time_s,tokens,source,date\na,lab,H100,8,m,10 parsecs,5000,us,2026\n' > b.csv; trnsim import-baseline b.csv -o b.h5; test ! -e b.h5 || echo "a file was left"
trnsim: b.csv:2: column 'time_s': found '10 parsecs', expected a number in the column's unit, or one with its own, such as 28.9min or 512kW; see docs/BASELINES.md
    a,lab,H100,8,m,10 parsecs,5000,us,2026
[exit 0]

$ : > b.csv; trnsim import-baseline b.csv -o b.h5
trnsim: b.csv: the file is empty, expected a header and rows of comma-separated text; give a CSV file
[exit 3]

$ trnsim import-baseline nothing.csv -o b.h5
trnsim: nothing.csv: …
[exit 5]
