/* SPDX-License-Identifier: Apache-2.0 */
/* What a serving workload asks for: a load, an engine, a fleet and a service level. The keys of
 * its sections are rows of the tables below, in the form of scenario_key.h. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "hardware/chip.h"

enum arrivals_kind {
    ARRIVALS_POISSON,
    ARRIVALS_GAMMA,
    ARRIVALS_TRACE,
    ARRIVALS_AT_ONCE,
    ARRIVALS_CLOSED
};
enum trace_format {
    TRACE_AUTO,
    TRACE_AZURE,
    TRACE_MOONCAKE,
    TRACE_BURSTGPT,
    TRACE_VIDUR,
    TRACE_SHAREGPT,
    TRACE_SESSIONS
};
/* Where keys and values can lie; KV_HBM: the KV cache itself. */
enum kv_place { KV_HBM, KV_HOST, KV_SSD, KV_SHARED, KV_PLACES };
enum preemption_kind { PREEMPTION_RECOMPUTE, PREEMPTION_SWAP };
/* What must have room for a request to be admitted: its prompt, or its answer as well. */
enum admission_kind { ADMISSION_PROMPT, ADMISSION_ANSWER };
enum agents_kind { AGENTS_STATELESS, AGENTS_PREFIX_CACHE, AGENTS_STATEFUL };
enum batch_kind { BATCH_CHUNKED, BATCH_PREFILL_FIRST, BATCH_STATIC };
enum autoscaler_kind { AUTOSCALER_NONE, AUTOSCALER_QUEUE, AUTOSCALER_CONCURRENCY };
enum queue_kind { QUEUE_FCFS, QUEUE_PRIORITY, QUEUE_SHORTEST };
/* What the engine's share of the memory is of. MODEL.md, "Serving: memory" */
enum memory_rule { MEMORY_TOTAL, MEMORY_STATIC, MEMORY_FREE };
enum dense_dtype { DENSE_LIKE_EXPERTS, DENSE_BF16, DENSE_FP8 };
enum router_kind { ROUTER_ROUND_ROBIN, ROUTER_LEAST_LOADED, ROUTER_SESSION, ROUTER_PREFIX };

/* What an engine's software adds to the bare kernels of a step. Factors are of times. */
struct engine_properties {
    double launch_factor;           /* of a kernel's start; recorded graphs make it smaller */
    double matmul_factor;           /* of dense matrices */
    double matmul_rate_factor;      /* of multiplying in them, beside that */
    double block_rate_factor;       /* the same where 8-bit weights have scales by block */
    double expert_factor;           /* of reading a mixture's experts */
    double expert_compute_factor;   /* of multiplying with them */
    double attention_factor;        /* of attention kernels */
    double prompt_attention_factor; /* times that for prompts */
    double vector_factor;           /* of everything else */
    double communication_factor;    /* of collectives */
    double sequence_overhead_s; /* of the host, per request in a step, when the chips wait */
    double token_overhead_s;    /* likewise, per token of a prompt */
    double host_layer_s;     /* to launch a layer without graphs: hides, or is hidden by, it */
    double prompt_kernel_s;  /* likewise a kernel of a step with prompts */
    double all_experts_from; /* tokens in a step from which all experts see all of them; 0:
                                never */
    double expert_start_s;   /* of each expert's kernels then, one after the other */
    double all_reduce_s;     /* start of the engine's own all-reduce; 0: the library's alone */
    const char
        *prefill_buckets; /* "none", or the compiled lengths of prompts, "128 512 2048" */
};

struct serving_scenario {
    /* load */
    int arrivals; /* enum arrivals_kind */
    double rate_per_s, interarrival_cv, day_amplitude, day_s;
    int64_t requests, concurrency;
    const char *input_tokens, *output_tokens; /* lengths.h */
    double length_correlation;
    const char *turns, *turn_tokens, *think; /* lengths.h; think in s */
    int64_t shared_tokens, shared_prefixes;
    const char *trace;           /* NULL or "none" */
    int trace_format;            /* enum trace_format */
    double characters_per_token; /* of texts, in traces that have texts */
    double rate_scale;
    int64_t loops;
    int agents; /* enum agents_kind */
    double state_ttl_s;
    int state_tier; /* enum kv_place */
    double warmup_s, cooldown_s;

    /* engine */
    int policy;     /* enum batch_kind */
    int preemption; /* enum preemption_kind */
    int admission;  /* enum admission_kind */
    int64_t max_num_seqs, max_num_batched_tokens, block_tokens, max_model_len;
    double memory_utilization_fraction;
    int memory_rule;       /* enum memory_rule */
    const char *kv_tokens; /* "auto", "unlimited" or a number */
    bool prefix_caching;
    double step_overhead_s, request_overhead_s, graph_memory_bytes;
    struct engine_properties engine;
    double speculative_tokens;      /* that a draft proposes in a step; 0: no draft */
    double acceptance;              /* chance of each to be right, if those before it are; -1 */
    double accepted_tokens;         /* that come out of such a step; 0: by acceptance */
    double draft_fraction;          /* time of the draft for one token, of a whole step's */
    double draft_weights, draft_kv; /* of the draft over the model's; -1: draft_fraction */

    /* tiers of the KV cache below the chips' memory */
    const char *offload; /* names, the upper one first */
    double host_size_bytes, ssd_size_bytes, shared_size_bytes;
    double host_fraction; /* of the platform's host memory, when no size is said */

    /* prefill in a pool of its own */
    int64_t prefill_replicas; /* 0: no such pool */
    const char *prefill_platform;
    int64_t prefill_tensor_parallel, prefill_pipeline_parallel; /* 0: as the plan */
    int64_t prefill_expert_parallel, prefill_attention_data_parallel;
    int64_t prefill_max_num_seqs, prefill_max_num_batched_tokens; /* 0: as the engine */
    bool kv_overlap;

    /* plan of one replica */
    int64_t tensor_parallel, pipeline_parallel, expert_parallel;
    int64_t attention_data_parallel; /* parts of a replica with their own requests */
    int64_t tensor_shards; /* that matrices are cut into; 0: one a chip. Neuron cuts by core */
    enum dtype weight_dtype, activation_dtype, kv_dtype;
    int dense_dtype; /* of what is not an expert, in a mixture: enum dense_dtype */

    /* fleet */
    int64_t replicas; /* 0: as many as the machine holds */
    int router;       /* enum router_kind */
    int autoscaler;   /* enum autoscaler_kind */
    int64_t min_replicas;
    double scale_interval_s, scale_delay_s, scale_target, scale_down_s;
    double startup_s;
    int weights_tier; /* enum kv_place; KV_HBM: they are there */
    double replica_mtbf_s, repair_s;
    int64_t max_retries, max_queue;
    int queue_order; /* enum queue_kind */
    double urgent_fraction;

    /* service level */
    double slo_ttft_s, slo_tpot_s;

    int64_t request_rows; /* of the table of requests, at most */
};

#define SCENARIO_SERVING_KEYS(X)                                                               \
    X(model, MODEL, model_path, 0, 0, NULL, NULL,                                              \
      "the model's config.json, relative to the workload file")

#define SCENARIO_LOAD_KEYS(X)                                                                  \
    X(arrivals, CHOICE, serving.arrivals, 0, 0, "poisson|gamma|trace|at-once|closed",          \
      "poisson", "when requests come; closed: as many as concurrency are always there")        \
    X(rate, REAL, serving.rate_per_s, 0, 1000000000, NULL, "1", "requests a second, mean")     \
    X(cv, REAL, serving.interarrival_cv, 0, 1000, NULL, "1",                                   \
      "deviation over mean of the time between requests, for gamma")                           \
    X(day_amplitude, REAL, serving.day_amplitude, 0, 1, NULL, "0",                             \
      "the rate swings by this share about its mean, as a sine of one period a day")           \
    X(day, TIME, serving.day_s, 0, 0, NULL, "24h", "the period of that swing")                 \
    X(requests, COUNT, serving.requests, 0, INT64_C(1) << 40, NULL, "0",                       \
      "how many; 0: the whole trace")                                                          \
    X(concurrency, COUNT, serving.concurrency, 1, 1 << 24, NULL, "1",                          \
      "requests in flight, for closed")                                                        \
    X(input_tokens, TEXT, serving.input_tokens, 0, 0, NULL, "1024",                            \
      "a length; a range low..high, uniform; or quantiles at equal steps of probability")      \
    X(output_tokens, TEXT, serving.output_tokens, 0, 0, NULL, "256", "likewise")               \
    X(length_correlation, REAL, serving.length_correlation, -1, 1, NULL, "0",                  \
      "of input and output, as that of two normal variables behind them")                      \
    X(turns, TEXT, serving.turns, 0, 0, NULL, "1",                                             \
      "requests of a conversation, written as a length; each goes on where the last ended")    \
    X(turn_tokens, TEXT, serving.turn_tokens, 0, 0, NULL, "64",                                \
      "by which a later prompt is longer than what was said before")                           \
    X(think, TEXT, serving.think, 0, 0, NULL, "60",                                            \
      "whole seconds from an answer to the next prompt, written as a length")                  \
    X(shared_tokens, COUNT, serving.shared_tokens, 0, 1 << 26, NULL, "0",                      \
      "leading tokens of all prompts, such as instructions, that conversations share")         \
    X(shared_prefixes, COUNT, serving.shared_prefixes, 1, 1 << 24, NULL, "1",                  \
      "how many different ones there are, equally likely")                                     \
    X(trace, TEXT, serving.trace, 0, 0, NULL, "none",                                          \
      "a file of recorded requests, relative to the current folder; replaces the above")       \
    X(trace_format, CHOICE, serving.trace_format, 0, 0,                                        \
      "auto|azure|mooncake|burstgpt|vidur|sharegpt|sessions", "auto",                          \
      "auto looks at its first line")                                                          \
    X(characters_per_token, REAL, serving.characters_per_token, 0, 100, NULL, "4",             \
      "of ShareGPT's texts: English, by OpenAI's rule of thumb")                               \
    X(rate_scale, REAL, serving.rate_scale, 0, 1000000000, NULL, "1",                          \
      "time between requests is divided by this")                                              \
    X(loops, COUNT, serving.loops, 1, INT64_C(1) << 32, NULL, "1",                             \
      "the trace is played so many times, end to end")                                         \
    X(agents, CHOICE, serving.agents, 0, 0, "stateless|prefix-cache|stateful", "prefix-cache", \
      "what a session leaves behind between its calls: nothing, what the cache keeps, or its " \
      "context")                                                                               \
    X(state_ttl, TIME, serving.state_ttl_s, 0, 0, NULL, "1h",                                  \
      "how long a stateful session's context is kept after a call")                            \
    X(state_tier, CHOICE, serving.state_tier, 0, 0, "hbm|host|ssd|shared", "host",             \
      "where it is kept: in the KV cache, in memory of the hosts, on their drives, in a "      \
      "store "                                                                                 \
      "that all share; a context is computed again where that is faster")                      \
    X(warmup, TIME, serving.warmup_s, 0, 0, NULL, "0s",                                        \
      "requests that come before are not in the statistics")                                   \
    X(cooldown, TIME, serving.cooldown_s, 0, 0, NULL, "0s",                                    \
      "nor those that come in this time before the last one")

#define SCENARIO_ENGINE_KEYS(X)                                                                \
    X(policy, CHOICE, serving.policy, 0, 0, "chunked|prefill-first|static", "chunked",         \
      "how batches are made: prompts in chunks beside decodes; whole prompts first; a batch "  \
      "that runs to its end")                                                                  \
    X(preemption, CHOICE, serving.preemption, 0, 0, "recompute|swap", "recompute",             \
      "what becomes of a request's keys and values when it loses its place: computed again; "  \
      "or moved to host memory, and back where that is faster")                                \
    X(admission, CHOICE, serving.admission, 0, 0, "prompt|answer", "prompt",                   \
      "what must have room in the KV cache for a request to begin: its prompt; or its whole "  \
      "answer as well, so that none ever loses its place (TensorRT-LLM)")                      \
    X(max_num_seqs, COUNT, serving.max_num_seqs, 1, 1 << 20, NULL, "256",                      \
      "requests in a batch, at most")                                                          \
    X(max_num_batched_tokens, COUNT, serving.max_num_batched_tokens, 1, 1 << 20, NULL, "8192", \
      "tokens in a step, at most")                                                             \
    X(block_tokens, COUNT, serving.block_tokens, 1, 1 << 16, NULL, "16",                       \
      "tokens of a block of the KV cache")                                                     \
    X(max_model_len, COUNT, serving.max_model_len, 0, 1 << 26, NULL, "0",                      \
      "longer requests are refused; 0: the positions of the model's config.json")              \
    X(gpu_memory_utilization, REAL, serving.memory_utilization_fraction, 0, 1, NULL, "0.9",    \
      "share of the chip's memory that the engine takes")                                      \
    X(memory_rule, CHOICE, serving.memory_rule, 0, 0, "total|static|free", "total",            \
      "what that share holds: weights, activations and KV cache (vLLM); weights and KV cache " \
      "(SGLang); or the KV cache's share of what the others leave (TensorRT-LLM)")             \
    X(kv_tokens, TEXT, serving.kv_tokens, 0, 0, NULL, "auto",                                  \
      "tokens that the KV cache holds: auto from the memory left, unlimited, or a number")     \
    X(prefix_caching, SWITCH, serving.prefix_caching, 0, 0, NULL, "on",                        \
      "blocks with equal beginnings are shared, and kept until their room is needed")          \
    X(step_overhead, TIME, serving.step_overhead_s, 0, 0, NULL, "1ms",                         \
      "of the engine's host per step, when the chips wait: scheduling, sampling, output")      \
    X(sequence_overhead, TIME, serving.engine.sequence_overhead_s, 0, 0, NULL, "0s",           \
      "the same per request in a step")                                                        \
    X(token_overhead, TIME, serving.engine.token_overhead_s, 0, 0, NULL, "0s",                 \
      "the same per token of a prompt")                                                        \
    X(host_layer, TIME, serving.engine.host_layer_s, 0, 0, NULL, "0s",                         \
      "of the host to launch a layer; a step takes at least that for each. 0: recorded "       \
      "graphs")                                                                                \
    X(prompt_kernel, TIME, serving.engine.prompt_kernel_s, 0, 0, NULL, "0s",                   \
      "of the host to launch a kernel of a step with prompts, which no graph holds; such a "   \
      "step takes at least that for each")                                                     \
    X(engine_all_reduce, TIME, serving.engine.all_reduce_s, 0, 0, NULL, "0s",                  \
      "start of the engine's own all-reduce in one round; 0: the library's alone")             \
    X(all_experts_from, REAL, serving.engine.all_experts_from, 0, 1048576, NULL, "0",          \
      "tokens in a step from which every expert computes all of them, as compiled engines do " \
      "with prompts; 0: never")                                                                \
    X(expert_start, TIME, serving.engine.expert_start_s, 0, 0, NULL, "0s",                     \
      "of each expert's kernels in such a step, layer by layer")                               \
    X(prefill_buckets, TEXT, serving.engine.prefill_buckets, 0, 0, NULL, "none",               \
      "compiled lengths, rising: a prompt is padded to the next one")                          \
    X(launch_factor, REAL, serving.engine.launch_factor, 0, 100, NULL, "1",                    \
      "start of a kernel, over that of the chip's kernel tables")                              \
    X(matmul_factor, REAL, serving.engine.matmul_factor, 0, 100, NULL, "1",                    \
      "time of dense matrices, over that of the chip's best kernels")                          \
    X(matmul_rate_factor, REAL, serving.engine.matmul_rate_factor, 0, 100, NULL, "1",          \
      "the same of multiplying alone, times the above: reading weights takes what it takes")   \
    X(block_rate_factor, REAL, serving.engine.block_rate_factor, 0, 100, NULL, "1",            \
      "of a model whose 8-bit weights have scales by block, the same once more")               \
    X(expert_factor, REAL, serving.engine.expert_factor, 0, 100, NULL, "1",                    \
      "the same of reading the weights of a mixture's experts")                                \
    X(expert_compute_factor, REAL, serving.engine.expert_compute_factor, 0, 100, NULL, "1",    \
      "the same of multiplying with them")                                                     \
    X(attention_factor, REAL, serving.engine.attention_factor, 0, 100, NULL, "1",              \
      "the same of attention kernels")                                                         \
    X(prompt_attention_factor, REAL, serving.engine.prompt_attention_factor, 0, 100, NULL,     \
      "1", "the same of prompts, times the above: engines without fused kernels for them")     \
    X(vector_factor, REAL, serving.engine.vector_factor, 0, 100, NULL, "1",                    \
      "the same of everything else")                                                           \
    X(communication_factor, REAL, serving.engine.communication_factor, 0, 100, NULL, "1",      \
      "the same of collectives")                                                               \
    X(speculative_tokens, REAL, serving.speculative_tokens, 0, 64, NULL, "0",                  \
      "tokens that a draft proposes in a step")                                                \
    X(acceptance, REAL, serving.acceptance, -1, 1, NULL, "-1",                                 \
      "chance that the model agrees with a draft's token, when it did with those before; "     \
      "-1: not said")                                                                          \
    X(accepted_tokens, REAL, serving.accepted_tokens, 0, 65, NULL, "0",                        \
      "tokens that come out of a step with a draft, mean; 0: as acceptance says")              \
    X(draft_fraction, REAL, serving.draft_fraction, 0, 1, NULL, "0.05",                        \
      "time of the draft for one token, of the step's: near the draft's bytes over the "       \
      "model's; 1 / layers for a head of one layer")                                           \
    X(draft_weights, REAL, serving.draft_weights, -1, 1, NULL, "-1",                           \
      "memory of the draft's weights over the model's; -1: as draft_fraction")                 \
    X(draft_kv, REAL, serving.draft_kv, -1, 1, NULL, "-1",                                     \
      "memory of the draft's keys and values over the model's; -1: as draft_fraction")         \
    X(request_overhead, TIME, serving.request_overhead_s, 0, 0, NULL, "0s",                    \
      "before a request reaches the engine: network, tokenizer")                               \
    X(graph_memory, SIZE, serving.graph_memory_bytes, 0, INT64_C(1) << 50, NULL, "1GiB",       \
      "per chip, of recorded graphs or compiled programs")

#define SCENARIO_TIER_KEYS(X)                                                                  \
    X(offload, TEXT, serving.offload, 0, 0, NULL, "none",                                      \
      "where prompt blocks go when the KV cache needs their room: names of tiers with "        \
      "commas, "                                                                               \
      "the upper first: host,ssd,shared; they come back where that is faster than computing")  \
    X(host_size, SIZE, serving.host_size_bytes, 0, INT64_C(1) << 50, NULL, "0B",               \
      "host memory for keys and values, per chip; 0: host_fraction of the platform's")         \
    X(host_fraction, REAL, serving.host_fraction, 0, 1, NULL, "0.8",                           \
      "share of the hosts' memory that keys and values may take: AWS ParallelCluster leaves "  \
      "jobs 0.95 of an instance's by default, the rest of 0.2 is assumed for the engine's "    \
      "processes")                                                                             \
    X(ssd_size, SIZE, serving.ssd_size_bytes, 0, INT64_C(1) << 50, NULL, "0B",                 \
      "drives for keys and values, per chip; 0: the platform's")                               \
    X(shared_size, SIZE, serving.shared_size_bytes, 0, INT64_C(1) << 50, NULL, "0B",           \
      "shared store for keys and values, all of it; 0: without bound")

#define SCENARIO_DISAGGREGATION_KEYS(X)                                                        \
    X(prefill_replicas, COUNT, serving.prefill_replicas, 0, 1 << 20, NULL, "0",                \
      "copies of the engine that only prefill; keys and values then go to those of the "       \
      "fleet, "                                                                                \
      "which only decode; 0: each does both")                                                  \
    X(prefill_platform, TEXT, serving.prefill_platform, 0, 0, NULL, "none",                    \
      "a platform file for them, relative to the current folder; none: the same machine")      \
    X(prefill_tensor_parallel, COUNT, serving.prefill_tensor_parallel, 0, 1 << 16, NULL, "0",  \
      "their tensor_parallel; 0: as in the plan")                                              \
    X(prefill_pipeline_parallel, COUNT, serving.prefill_pipeline_parallel, 0, 1 << 16, NULL,   \
      "0", "their pipeline_parallel; 0: as in the plan")                                       \
    X(prefill_expert_parallel, COUNT, serving.prefill_expert_parallel, 0, 1 << 16, NULL, "0",  \
      "their expert_parallel; 0: as in the plan, at most their tensor_parallel")               \
    X(prefill_attention_data_parallel, COUNT, serving.prefill_attention_data_parallel, 0,      \
      1 << 16, NULL, "0",                                                                      \
      "their attention_data_parallel; 0: as in the plan, at most their tensor_parallel")       \
    X(prefill_max_num_seqs, COUNT, serving.prefill_max_num_seqs, 0, 1 << 20, NULL, "0",        \
      "their max_num_seqs; 0: as in the engine")                                               \
    X(prefill_max_num_batched_tokens, COUNT, serving.prefill_max_num_batched_tokens, 0,        \
      1 << 20, NULL, "0", "their max_num_batched_tokens; 0: as in the engine")                 \
    X(kv_overlap, SWITCH, serving.kv_overlap, 0, 0, NULL, "on",                                \
      "keys and values go layer by layer while the rest of the prompt is computed")

#define SCENARIO_SERVING_PLAN_KEYS(X)                                                          \
    X(tensor_parallel, COUNT, serving.tensor_parallel, 1, 1 << 16, NULL, "1",                  \
      "chips that share each matrix of a replica")                                             \
    X(pipeline_parallel, COUNT, serving.pipeline_parallel, 1, 1 << 16, NULL, "1",              \
      "stages that the layers of a replica are divided over")                                  \
    X(expert_parallel, COUNT, serving.expert_parallel, 1, 1 << 16, NULL, "1",                  \
      "chips of a stage that share the experts of a mixture, whole ones each")                 \
    X(attention_data_parallel, COUNT, serving.attention_data_parallel, 1, 1 << 16, NULL, "1",  \
      "parts of a stage that keep their own requests; experts are shared by all")              \
    X(tensor_shards, COUNT, serving.tensor_shards, 0, 1 << 16, NULL, "0",                      \
      "parts that matrices are cut into; 0: one a chip")                                       \
    X(dense_weights, CHOICE, serving.dense_dtype, 0, 0, "like-experts|bf16|fp8",               \
      "like-experts", "dtype of a mixture's matrices that are no experts")                     \
    X(weights, DTYPE, serving.weight_dtype, 0, 0, "bf16|fp16|fp8|fp4", "bf16",                 \
      "dtype in which the layers' matrices are stored")                                        \
    X(activations, DTYPE, serving.activation_dtype, 0, 0, "bf16|fp16|fp8|fp4", "bf16",         \
      "dtype in which they are multiplied")                                                    \
    X(kv_cache, DTYPE, serving.kv_dtype, 0, 0, "bf16|fp16|fp8|fp4", "bf16",                    \
      "dtype of keys and values")

#define SCENARIO_FLEET_KEYS(X)                                                                 \
    X(replicas, CHIPS, serving.replicas, 0, 1 << 20, NULL, "1",                                \
      "copies of the engine; all or 0: as many as the machine has chips for")                  \
    X(router, CHOICE, serving.router, 0, 0, "round-robin|least-loaded|session|prefix",         \
      "round-robin", "which replica gets a request")                                           \
    X(queue_order, CHOICE, serving.queue_order, 0, 0, "fcfs|priority|shortest", "fcfs",        \
      "who is admitted next on a replica: in order; urgent ones first; short prompts first")   \
    X(urgent_fraction, REAL, serving.urgent_fraction, 0, 1, NULL, "0",                         \
      "share of the requests that are urgent, drawn by seed")                                  \
    X(max_queue, COUNT, serving.max_queue, 0, 1 << 30, NULL, "0",                              \
      "requests that may wait at a replica; more are rejected; 0: any number")                 \
    X(autoscaler, CHOICE, serving.autoscaler, 0, 0, "none|queue|concurrency", "none",          \
      "how many replicas run, between min_replicas and replicas: all; by requests that wait; " \
      "by requests present, both per replica against scale_target")                            \
    X(min_replicas, COUNT, serving.min_replicas, 1, 1 << 20, NULL, "1",                        \
      "that run from the start and always, with an autoscaler")                                \
    X(scale_target, REAL, serving.scale_target, 0, 1000000, NULL, "16",                        \
      "requests per replica that the autoscaler aims at")                                      \
    X(scale_interval, TIME, serving.scale_interval_s, 0, 0, NULL, "15s",                       \
      "between two looks of the autoscaler")                                                   \
    X(scale_delay, TIME, serving.scale_delay_s, 0, 0, NULL, "30s",                             \
      "until a replica that is asked for has its chips")                                       \
    X(scale_down, TIME, serving.scale_down_s, 0, 0, NULL, "300s",                              \
      "how long fewer replicas must have sufficed before one is let go")                       \
    X(startup, TIME, serving.startup_s, 0, 0, NULL, "60s",                                     \
      "of a replica beside its weights: container, engine, graphs or compiled programs")       \
    X(weights_tier, CHOICE, serving.weights_tier, 0, 0, "hbm|host|ssd|shared", "shared",       \
      "where a starting replica reads its weights; hbm: they are there")                       \
    X(replica_mtbf, TIME, serving.replica_mtbf_s, 0, 0, NULL, "0s",                            \
      "mean time between failures of a replica, exponential; 0: never")                        \
    X(repair, TIME, serving.repair_s, 0, 0, NULL, "60s",                                       \
      "until a failed replica begins to start again")                                          \
    X(max_retries, COUNT, serving.max_retries, 0, 1 << 20, NULL, "3",                          \
      "how often a request that lost its replica comes again before it is given up")

#define SCENARIO_LEVEL_KEYS(X)                                                                 \
    X(ttft, TIME, serving.slo_ttft_s, 0, 0, NULL, "2s",                                        \
      "a request is good when its first token comes within this")                              \
    X(tpot, TIME, serving.slo_tpot_s, 0, 0, NULL, "200ms",                                     \
      "and the mean time between its other tokens is within this")

#define SCENARIO_RESULT_KEYS(X)                                                                \
    X(request_rows, COUNT, serving.request_rows, 16, 1 << 26, NULL, "262144",                  \
      "rows of the table of requests, at most: with more requests every 2nd, 4th, ... is "     \
      "kept")
