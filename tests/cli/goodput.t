# What moves the goodput, most first. The low end of an input gives what the option for it gives, or a file that has it.
$ for case in "a grand-teton-h100.xml" "b grand-teton-h100.xml --weibull 0.7"; do set -- $case; name=$1; platform=$2; shift 2; trnsim goodput workloads/llama-3-8b-pretrain.yaml --domains 16 --set batch_tokens=1048576 -q --seeds 50 --platform platforms/$platform "$@" --json -o $name.h5 > $name.json; done
[exit 0]

$ /usr/bin/python3 -c "import json; a, b = (json.load(open(f'{n}.json')) for n in 'ab'); rows = {r['input']: r for r in a['tornado']}; print(rows['failure.shape']['goodput_low_fraction'] == b['goodput_fraction'] != a['goodput_fraction'])"
True
[exit 0]

$ /usr/bin/python3 -c "import json; swings = [abs(r['goodput_high_fraction'] - r['goodput_low_fraction']) for r in json.load(open('a.json'))['tornado']]; print(len(swings) >= 8, swings == sorted(swings, reverse=True))"
True True
[exit 0]

# A file with the low end as its value.
$ sed -E '/id="failure.chip(\.low|\.high)?"/s/value="[^"]*"/value="39200h"/' platforms/grand-teton-h100.xml > grand-teton-h100.xml; grep -A1 -o 'id="failure.chip.low" value="[^"]*"' platforms/grand-teton-h100.xml; trnsim goodput workloads/llama-3-8b-pretrain.yaml --domains 16 --set batch_tokens=1048576 -q --seeds 50 --platform ./grand-teton-h100.xml --prices none --json -o c.h5 > c.json
id="failure.chip.low" value="39200h"
[exit 0]

$ /usr/bin/python3 -c "import json; a, c = (json.load(open(f'{n}.json')) for n in 'ac'); print({r['input']: r for r in a['tornado']}['failure.chip']['goodput_low_fraction'] == c['goodput_fraction'] < a['goodput_fraction'])"
True
[exit 0]
