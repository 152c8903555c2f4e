# Model configs.
$ printf 'kind: training\ntitle: t\ntraining:\n  model: m.json\n  sequence_tokens: 8192\n  batch_tokens: 65536\n' > t.yaml; trnsim run t.yaml --platform platforms/p5.xml
trnsim: m.json: cannot be read (No such file or directory); check the path and the folder you are in
[exit 5]

$ echo '{"architectures": ["LlamaForCausalLM"], "hidden_size": 4096}' > m.json; trnsim run t.yaml --platform platforms/p5.xml
trnsim: m.json:1: LlamaForCausalLM has no field 'num_hidden_layers|n_layer', expected a whole number; add it as in the publisher's config.json
    {"architectures": ["LlamaForCausalLM"], "hidden_size": 4096}
[exit 3]

$ echo '{"architectures": ["TransformerXL"]}' > m.json; trnsim run t.yaml --platform platforms/p5.xml
trnsim: m.json:1: architecture 'TransformerXL' is not known, expected one of LlamaForCausalLM, …
    {"architectures": ["TransformerXL"]}
[exit 3]

$ echo '{"hidden_size": 4096}' > m.json; trnsim run t.yaml --platform platforms/p5.xml
trnsim: m.json:1: the config has no field 'architectures' with a name in it, expected for example ["LlamaForCausalLM"]; add it as in the publisher's config.json
    {"hidden_size": 4096}
[exit 3]

$ echo '[1' > m.json; trnsim run t.yaml --platform platforms/p5.xml
trnsim: m.json:2: not valid JSON (']' expected near end of file); correct it at this place
[exit 3]

$ echo '[1]' > m.json; trnsim run t.yaml --platform platforms/p5.xml
trnsim: m.json:1: the file is no JSON object, expected a config.json with { and }
    [1]
[exit 3]

$ sed 's/"num_hidden_layers": *[0-9]*/"num_hidden_layers": 1.5/' workloads/models/llama-3-8b.json > m.json; trnsim run t.yaml --platform platforms/p5.xml
trnsim: m.json:11: 'num_hidden_layers' is not a whole number, expected a whole number from 1 to 2147483648; correct it
     "num_hidden_layers": 1.5,
[exit 3]

$ sed 's/"num_attention_heads": *[0-9]*/"num_attention_heads": 31/' workloads/models/llama-3-8b.json > m.json; trnsim run t.yaml --platform platforms/p5.xml
trnsim: m.json:12: 'num_attention_heads' does not fit the other fields, expected a divisor of hidden_size, or head_dim; correct it
     "num_attention_heads": 31,
[exit 3]
