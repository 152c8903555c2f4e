# Traces that are wrong: one message, with the line, and no result.
$ printf '#!/bin/sh\nexec trnsim run workloads/serve-llama-3-70b-conv.yaml --platform platforms/hgx-h100.xml --set trace=$1 --set requests=0 -q -o o.h5\n' > serve; chmod +x serve
[exit 0]

# unsorted
$ printf 'TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.5,374,44\n2023-11-16 18:15:40.0,374,44\n' > t.csv; ./serve t.csv
trnsim: t.csv:3: the request comes 6.5 s before the one above it, expected rising times; sort the trace
    2023-11-16 18:15:40.0,374,44
[exit 3]

# a negative number
$ printf 'TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.5,-374,44\n' > t.csv; ./serve t.csv
trnsim: t.csv:2: '-374' stands here, expected a whole number of tokens, 0 or more
    2023-11-16 18:15:46.5,-374,44
[exit 3]

# wrong columns
$ printf 'TIMESTAMP,Context,Generated\n' > t.csv; ./serve t.csv
trnsim: t.csv:1: the first line names other columns, expected TIMESTAMP, ContextTokens and GeneratedTokens (Azure), Timestamp, Request tokens and Response tokens (BurstGPT), arrived_at, num_prefill_tokens and num_decode_tokens (Vidur), or JSON lines
    TIMESTAMP,Context,Generated
[exit 3]

# a field more
$ printf 'TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.5,374,44,9\n' > t.csv; ./serve t.csv
trnsim: t.csv:2: the line has 4 fields, expected as many as the first line
    2023-11-16 18:15:46.5,374,44,9
[exit 3]

# no date
$ printf 'TIMESTAMP,ContextTokens,GeneratedTokens\nyesterday,374,44\n' > t.csv; ./serve t.csv
trnsim: t.csv:2: 'yesterday' stands here, expected a date such as 2023-11-16 18:15:46.68
    yesterday,374,44
[exit 3]

# no request
$ printf 'TIMESTAMP,ContextTokens,GeneratedTokens\n' > t.csv; ./serve t.csv
trnsim: t.csv:1: the trace ends without a request that has a prompt and an answer; name another file
    TIMESTAMP,ContextTokens,GeneratedTokens
[exit 3]

# a zero byte
$ printf 'TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.5,374,44\0\n' > t.csv; ./serve t.csv
trnsim: t.csv:2: the line holds a zero byte, expected text
    2023-11-16 18:15:46.5,374,44 
[exit 3]

# a folder
$ mkdir -p t; ./serve t
trnsim: t: the trace is a folder, expected a file; check the path
[exit 5]

# a gzip file that breaks off
$ (printf 'TIMESTAMP,ContextTokens,GeneratedTokens\n'; seq -f '2023-11-16 18:15:46.%06g,374,44' 9999) | gzip | head -c 9000 > t.csv.gz; ./serve t.csv.gz
trnsim: t.csv.gz:3859: the file breaks off or is damaged here, expected a whole (gzip) file; fetch it again
[exit 3]

# a line of 10 GB
$ rm t.csv; truncate -s 10G t.csv; ./serve t.csv
trnsim: t.csv:1: the line is longer than 1 MiB, expected one request a line; is this a trace?
                                                                                                    
[exit 3]

# a JSON line without its end
$ printf '{"timestamp": 0, "input_length"' > t.jsonl; ./serve t.jsonl
trnsim: t.jsonl:1: no JSON object (':' expected near end of file), expected one with timestamp, input_length and output_length a line
    {"timestamp": 0, "input_length"
[exit 3]

# negative ids
$ printf '{"timestamp": 0, "input_length": 100, "output_length": 5, "hash_ids": [-1]}\n' > t.jsonl; ./serve t.jsonl
trnsim: t.jsonl:1: hash_ids holds something else, expected a list of whole numbers from 0 to 2^62
    {"timestamp": 0, "input_length": 100, "output_length": 5, "hash_ids": [-1]}
[exit 3]

# too few ids
$ printf '{"timestamp": 0, "input_length": 9000, "output_length": 5, "hash_ids": [1, 2]}\n' > t.jsonl; ./serve t.jsonl
trnsim: t.jsonl:1: hash_ids has 2 ids for 9000 tokens, expected one a block, all blocks of one size
    {"timestamp": 0, "input_length": 9000, "output_length": 5, "hash_ids": [1, 2]}
[exit 3]

# sessions: a time before the start
$ printf 'trace_id,agent,seq,t_s,type,model,in_tokens,out_tokens,api_time_s,think_time_s,stop,n_blocks,common_prefix_blocks_prev,hash_ranges\ns,main,0,-3,n,m,500,3,1,0,end,8,0,1-8\n' > s.csv; ./serve s.csv
trnsim: s.csv:2: t_s or think_time_s is no time, expected seconds from 0 to 1e9
    s,main,0,-3,n,m,500,3,1,0,end,8,0,1-8
[exit 3]

# sessions: ids that fall
$ printf 'trace_id,agent,seq,t_s,type,model,in_tokens,out_tokens,api_time_s,think_time_s,stop,n_blocks,common_prefix_blocks_prev,hash_ranges\ns,main,0,0,n,m,500,3,1,0,end,8,0,8-1\n' > s.csv; ./serve s.csv
trnsim: s.csv:2: hash_ranges is wrong, expected up to 512 ranges such as 1-1523 1525-1531, of ids up to 2^24
    s,main,0,0,n,m,500,3,1,0,end,8,0,8-1
[exit 3]

# sessions: more blocks than tokens
$ printf 'trace_id,agent,seq,t_s,type,model,in_tokens,out_tokens,api_time_s,think_time_s,stop,n_blocks,common_prefix_blocks_prev,hash_ranges\ns,main,0,0,n,m,500,3,1,0,end,8,0,1-8\ns,main,1,9,n,m,500,3,1,0,end,8,99,1-8\n' > s.csv; ./serve s.csv
trnsim: s.csv:3: common_prefix_blocks_prev is wrong, expected no more blocks of 64 tokens than in_tokens fills
    s,main,1,9,n,m,500,3,1,0,end,8,99,1-8
[exit 3]

# sessions: a missing first call
$ printf 'trace_id,agent,seq,t_s,type,model,in_tokens,out_tokens,api_time_s,think_time_s,stop,n_blocks,common_prefix_blocks_prev,hash_ranges\ns,main,5,0,n,m,500,3,1,0,end,8,0,1-8\n' > s.csv; ./serve s.csv
trnsim: s.csv:2: a session begins with a call whose seq is not 0
    s,main,5,0,n,m,500,3,1,0,end,8,0,1-8
[exit 3]

$ rm t.csv; ls o.h5
…
[exit 2]
