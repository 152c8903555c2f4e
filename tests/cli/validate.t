# A kernel's figure in other units, a mask and ways in other words.
$ python3 - <<'END'
> import csv, os
> rows = list(csv.DictReader(open("workloads/measured/compute.csv")))
> gemm = next(r for r in rows if r["op"].startswith("GEMM") and r["unit"] == "TFLOP/s")
> core = next(r for r in rows if r["op"].startswith("attention FA3") and r["causal"] == "1" and r["direction"] == "fwd")
> time_us = 2 * float(gemm["M"]) * float(gemm["N"]) * float(gemm["K"]) / float(gemm["value"]) / 1e6
> told = [{**gemm, "id": unit, "unit": unit, "value": value} for unit, value in
>         (("TFLOP/s", gemm["value"]), ("PFLOP/s", float(gemm["value"]) / 1e3), ("TFLOPS", gemm["value"]), ("us", time_us), ("ms", time_us / 1e3))]
> told += [{**core, "id": f"{mask} {way}", "causal": mask, "direction": way} for mask, way in (("1", "fwd"), ("true", "forward"), ("no", "fwd"), ("1", "bwd"), ("1", "fwd+bwd"))]
> os.mkdir("units")
> with open("units/compute.csv", "w", newline="") as out:
>     writer = csv.DictWriter(out, list(gemm))
>     writer.writeheader()
>     writer.writerows({**row, "group": "units"} for row in told)
> END
> trnsim validate units --data units --json --quiet > units.json
> python3 -c '
> import json
> rows = {row["id"]: row for row in json.load(open("units.json"))["rows"]}
> print(len({round(row["measured"] * 1e12) for row in list(rows.values())[:5]}))
> fwd, same, whole, bwd, both = list(rows.values())[5:]
> print(fwd["measured"] == same["measured"], fwd["simulated"] == same["simulated"], round(whole["measured"] / fwd["measured"], 6))
> print(round(bwd["measured"] / fwd["measured"], 6), abs(bwd["simulated"] + fwd["simulated"] - both["simulated"]) < 1e-12)'
1
True True 2.0
2.5 True
[exit 0]

# Rows that others wrote: columns in another order and quoted, lines that end in CR and LF, names and numbers in other spellings.
$ python3 - <<'END'
> import csv, random
> rows = list(csv.DictReader(open("workloads/measured/training.csv")))
> columns = list(rows[0])
> row = next(r for r in rows if r["accelerator"] == "H100-SXM" and r["gbs"] and r["iter_time_s"] and r["tp"] == "1")
> def like(name, **cells):
>     return {**row, "group": "like", "id": name, **cells}
> varied = [like("plain"), like("names", accelerator="NVIDIA H100 80GB HBM3", precision=row["precision"].upper()),
>           like("numbers", seq_len=f" {row['seq_len']} ", hidden=f"{int(row['hidden']):,}", tp="1.0", sp="False", gated_mlp={"1": "yes", "0": "no"}[row["gated_mlp"]]),
>           like("tp-x", tp="x"), like("no-tp", tp=""), like("huge", seq_len="99999999999"), like("fp4", precision="nvfp4"), like("v100", accelerator="V100")]
> random.Random(1).shuffle(columns)
> import os
> os.mkdir("varied")
> with open("varied/training.csv", "w", newline="") as out:
>     writer = csv.DictWriter(out, columns + ["a column of their own"], restval="", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
>     writer.writeheader()
>     writer.writerows(varied)
> END
[exit 0]

$ trnsim validate like --data varied --json --quiet > varied.json
> python3 -c '
> import json
> told = json.load(open("varied.json"))
> print(len({row["simulated"] for row in told["rows"]}), [row["id"] for row in told["rows"]])
> for row in told["not_simulated"]: print(row["id"], row["counts"], row["reason"])'
1 ['plain', 'names', 'numbers']
tp-x 1 column tp is 'x', expected a whole number from 1 to 16384
no-tp 0 column tp is empty
huge 1 column seq_len is '99999999999', expected a whole number from 1 to 67108864
fp4 1 NVIDIA H100 SXM has no arithmetic in fp4: its platform file states no peak; choose another plan.dtype
v100 1 no machine for accelerator 'V100' in machines.csv; add a row with its platform
[exit 0]

# Every spelling of a machine that people use.
$ python3 - <<'END'
> import csv
> rows = list(csv.DictReader(open("workloads/measured/training.csv")))
> row = next(r for r in rows if r["accelerator"] == "H100-SXM" and r["gbs"] and r["iter_time_s"] and r["tp"] == "1" and int(r["n_chips"]) <= 64)
> names = {"hgx-h100": ["H100", "H100 SXM", "H100_SXM5", "DGX-H100"], "h100-pcie": ["H100-PCIe", "H100 NVL"], "hgx-a100": ["A100", "NVIDIA A100-SXM4-80GB", "A100 80GB"],
>          "hgx-a100-40gb": ["A100-40GB", "A100-SXM4-40GB"], "a100-pcie": ["A100-PCIE-80GB", "A100 PCIe"], "hgx-h200": ["H200", "H200-SXM-141GB"], "hgx-h800": ["H800"],
>          "hgx-b200": ["B200", "B200-SXM-180GB"], "hgx-b300": ["B300"], "gb200-nvl72": ["GB200", "GB200-NVL72"], "gb300-nvl72": ["GB300 NVL72"], "mi300x": ["MI300X", "AMD Instinct MI300X"],
>          "mi355x": ["MI355X-288GB"], "tpu-v6e": ["TPU v6e", "TPUv6e", "Trillium"], "tpu-7x": ["TPU7x", "Ironwood"], "trn1.32xlarge": ["Trainium1", "trn1", "trn1.32xlarge", "Trainium 1"],
>          "trn2.48xlarge": ["Trainium2", "trn2.48xlarge"], "trn3-ultraserver": ["Trainium3", "trn3", "trn3u"], "a100-pcie-40gb": ["A100-PCIE-40GB"], "hgx-a800": ["A800-SXM4-80GB"],
>          "gb200-nvl4": ["GB200-NVL4"], "p5": ["p5.48xlarge"], "p4d": ["p4d.24xlarge"], "tpu-v5e": ["TPU v5litepod", "v5e"], "inf2.48xlarge": ["Inferentia2", "inf2.48xlarge"], "l40s": ["L40S"], "rtx-4090": ["RTX 4090"]}
> import os
> os.mkdir("named")
> with open("named/training.csv", "w", newline="") as out:
>     writer = csv.DictWriter(out, list(row))
>     writer.writeheader()
>     writer.writerows({**row, "id": f"{platform}:{name}", "group": "named", "accelerator": name, "system": ""} for platform in names for name in names[platform])
> END
> trnsim validate named --data named --json --quiet > named.json
> python3 -c '
> import json
> told = json.load(open("named.json"))
> print(len(told["rows"]) > 40, [row["id"] for row in told["rows"] if row["id"].split(":")[0] != row["platform"]], told["not_simulated"])'
True [] []
[exit 0]

# Folders that hold no table, or a broken one.
$ mkdir none empty broken && : > empty/training.csv && printf 'id,tp\na,b,c\n' > broken/training.csv
> for folder in none empty broken; do trnsim validate --data $folder; done
trnsim: none: no table of measurements, expected training.csv, collectives.csv, compute.csv or inference.csv; give --data FOLDER
trnsim: empty/training.csv: the file is empty, expected a header and rows of comma-separated text; give a CSV file
trnsim: broken/training.csv:2: 3 cells, expected the header's 2; quote cells that hold a comma
    a,b,c
[exit 3]

# Models, engines and algorithms that no table has stand for by what is nearest, and the row says so.
$ python3 - <<'END'
> import csv, os
> def table(name, **wanted):
>     rows = list(csv.DictReader(open(f"workloads/measured/{name}.csv")))
>     return next(row for row in rows if all(row[column] == cell for column, cell in wanted.items()))
> def write(name, rows):
>     with open(f"foreign/{name}.csv", "w", newline="") as out:
>         writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
>         writer.writeheader()
>         writer.writerows(rows)
> os.mkdir("foreign")
> row = table("inference", load_type="closed_concurrency", engine="vllm", model="qwen3-32b")
> write("inference", [{**row, "id": name, "family": "served", **cells} for name, cells in {
>     "plain": {}, "spelled": {"model": "Qwen/Qwen3-32B-Instruct", "hardware": "8x NVIDIA H100 SXM 80GB"},
>     "sized": {"model": "nobodys-33b"}, "engine": {"engine": "LMServe"}, "nameless": {"model": "nobodys"}}.items()])
> row = table("collectives", algorithm="NVLSTree")
> write("collectives", [{**row, "id": "all-to-all", "group": "forced", "collective": "all_to_all"}])
> END
> trnsim validate --data foreign --json --quiet > foreign.json
> python3 -c '
> import json
> told = json.load(open("foreign.json"))
> rows = {row["id"]: row for row in told["rows"]}
> print(rows["plain"]["simulated"] == rows["spelled"]["simulated"], abs(rows["sized"]["simulated"] / rows["plain"]["simulated"] - 1) < 0.05)
> for row in told["rows"]: print(row["id"], "assumed:", row["assumed"]) if row["assumed"] and "ttft" not in row["id"] else None
> for row in told["not_simulated"]: print(row["id"], row["counts"], row["reason"])'
True True
all-to-all assumed: algorithm 'in-switch' cannot do this: the library's own choice
sized assumed: model 'nobodys-33b' is not in models.csv: taken as 64 layers of qwen2.5-32b
engine assumed: engine 'LMServe' is not in engines.csv: taken as vLLM
nameless 1 model 'nobodys' is not in models.csv, and its name tells no count of parameters; add a row with its shape
nameless:ttft 1 model 'nobodys' is not in models.csv, and its name tells no count of parameters; add a row with its shape
[exit 0]
