/* SPDX-License-Identifier: Apache-2.0 */
/* What a serving run found, as tables: the answer in one row, its requests, its seconds, and
 * what the time was spent on. */
#pragma once

#include "economics/price.h"
#include "record/table.h"
#include "serving/serving.h"

/* X(NAME, column, type, unit, meaning) */
#define SERVING_COLUMNS(X)                                                                     \
    X(PLATFORM, "platform", TEXT, "", "name of the platform file")                             \
    X(WORKLOAD, "workload", TEXT, "", "name of the workload file")                             \
    X(CHIPS, "chips", I64, "1", "chips of all replicas")                                       \
    X(REPLICAS, "replicas", I64, "1", "copies of the engine")                                  \
    X(PREFILL_REPLICAS, "prefill_replicas", I64, "1", "that only prefill; 0: none")            \
    X(ARRIVED, "requests_arrived", I64, "1", "that came")                                      \
    X(COMPLETED, "requests_completed", I64, "1", "that got their whole answer")                \
    X(REJECTED, "requests_rejected", I64, "1",                                                 \
      "longer than the KV cache, max_model_len or the model's positions, or max_queue waited") \
    X(BEYOND, "requests_beyond_positions", I64, "1",                                           \
      "longer than the positions of the model's config.json: refused, or served as "           \
      "max_model_len allows")                                                                  \
    X(UNFINISHED, "requests_unfinished", I64, "1",                                             \
      "given up after max_retries, or still there at the end")                                 \
    X(COUNTED, "requests_counted", I64, "1",                                                   \
      "between warm-up and cool-down: all that follows")                                       \
    X(DURATION, "duration_s", F64, "s",                                                        \
      "from the first arrival to the last token; with "                                        \
      "warm-up or cool-down: the time between them")                                           \
    X(REQUEST_RATE, "requests_per_s", F64, "1/s", "completed over the duration")               \
    X(OUTPUT_RATE, "output_tokens_per_s", F64, "1/s", "of all replicas")                       \
    X(OUTPUT_RATE_CHIP, "output_tokens_per_s_per_chip", F64, "1/s", "the same a chip")         \
    X(INPUT_RATE, "input_tokens_per_s", F64, "1/s", "prompt tokens, cached or not")            \
    X(TTFT_MEAN, "ttft_mean_s", F64, "s", "time to first token")                               \
    X(TTFT_LOW, "ttft_low_s", F64, "s",                                                        \
      "where measured means begin, by the evidence; nan: none")                                \
    X(TTFT_HIGH, "ttft_high_s", F64, "s", "where they end")                                    \
    X(TTFT_P50, "ttft_p50_s", F64, "s", "its median")                                          \
    X(TTFT_P90, "ttft_p90_s", F64, "s", "its 90th percentile")                                 \
    X(TTFT_P99, "ttft_p99_s", F64, "s", "its 99th percentile")                                 \
    X(TPOT_MEAN, "tpot_mean_s", F64, "s",                                                      \
      "time per output token after the first, mean over "                                      \
      "requests")                                                                              \
    X(TPOT_LOW, "tpot_low_s", F64, "s",                                                        \
      "where measured means begin, by the evidence; nan: none")                                \
    X(TPOT_HIGH, "tpot_high_s", F64, "s", "where they end")                                    \
    X(EVIDENCE, "evidence", TEXT, "", "on what the range of TPOT stands")                      \
    X(EVIDENCE_TTFT, "evidence_ttft", TEXT, "", "on what the range of TTFT stands")            \
    X(TPOT_P50, "tpot_p50_s", F64, "s", "its median")                                          \
    X(TPOT_P90, "tpot_p90_s", F64, "s", "its 90th percentile")                                 \
    X(TPOT_P99, "tpot_p99_s", F64, "s", "its 99th percentile")                                 \
    X(E2E_MEAN, "e2e_mean_s", F64, "s", "arrival to last token")                               \
    X(E2E_P50, "e2e_p50_s", F64, "s", "its median")                                            \
    X(E2E_P99, "e2e_p99_s", F64, "s", "its 99th percentile")                                   \
    X(QUEUE_MEAN, "queue_mean_s", F64, "s", "arrival to first admission")                      \
    X(GOOD, "slo_attainment_fraction", F64, "1", "share of requests within both limits")       \
    X(GOODPUT, "goodput_requests_per_s", F64, "1/s", "those over the duration")                \
    X(HITS, "prefix_hit_fraction", F64, "1",                                                   \
      "prompt blocks with ids that were found in the cache at admission, over all such")       \
    X(CACHED, "cached_token_fraction", F64, "1", "prompt tokens that were not prefilled")      \
    X(HIT_BLOCKS, "prefix_hit_blocks", I64, "1", "the blocks found")                           \
    X(PROMPT_BLOCKS, "prompt_blocks", I64, "1", "the blocks asked for")                        \
    X(PREFILLED, "prefilled_tokens", I64, "1", "prompt tokens computed for the first time")    \
    X(RECOMPUTED, "recomputed_tokens", I64, "1", "computed again after a pre-emption")         \
    X(PRODUCED, "output_tokens", I64, "1", "of all requests")                                  \
    X(PREEMPTIONS, "preemptions", I64, "1", "times a running request lost its place")          \
    X(SWAPS, "swaps", I64, "1", "of these, moved to host memory")                              \
    X(RESTORES, "restores", I64, "1", "times that a context or prompt came back from a tier")  \
    X(KV_MOVED, "kv_moved_bytes", F64, "B", "keys and values from prefill to decode replicas") \
    X(KV_WAIT, "kv_wait_mean_s", F64, "s",                                                     \
      "from a complete prompt on a prefill replica until its request can decode, mean; 0: no " \
      "such replicas")                                                                         \
    X(REPLICAS_MEAN, "replicas_mean", F64, "1",                                                \
      "of the fleet that had their chips, over time")                                          \
    X(STARTS, "replica_starts", I64, "1", "by the autoscaler or after repair")                 \
    X(FAILURES, "replica_failures", I64, "1", "replicas that failed")                          \
    X(RETRIES, "retries", I64, "1", "times a request lost its replica")                        \
    X(KV_TOKENS, "kv_capacity_tokens", I64, "1", "of one replica; -1: unlimited")              \
    X(BUSY, "busy_fraction", F64, "1",                                                         \
      "of the replicas' time from first arrival to last token")                                \
    X(LOAD, "load_fraction", F64, "1",                                                         \
      "time that batches add to steps, or use of max_num_seqs or of the KV cache: the "        \
      "largest")                                                                               \
    X(BATCH, "batch_tokens_mean", F64, "1", "tokens a step")                                   \
    X(STEPS, "steps", I64, "1", "engine steps of all replicas")                                \
    X(LIMIT, "limited_by", TEXT, "",                                                           \
      "what kept requests waiting most of the time: load is "                                  \
      "nothing but the load itself")                                                           \
    X(STEP_LIMIT, "step_limited_by", TEXT, "", "the largest part of a step's time")            \
    X(SATURATED, "is_saturated", I64, "1",                                                     \
      "1: the load is at or beyond what the replicas can serve: requests waited without a "    \
      "break for a tenth of "                                                                  \
      "the run or more, and latencies follow its length")                                      \
    X(FULL, "full_batch_requests_per_s", F64, "1/s",                                           \
      "what the replicas would serve with steps as full as their limits let them be, of "      \
      "requests of the run's mean length: an estimate of the capacity, whatever the latency")  \
    X(TRUSTED, "trusted_to_requests_per_s", F64, "1/s",                                        \
      "mean load that in the busiest twentieth of the run is 0.9 of "                          \
      "full_batch_requests_per_s, or of what load_fraction says if that is less: latencies "   \
      "beyond it hang on small errors of the step time")                                       \
    X(LITTLE, "little_error_fraction", F64, "1",                                               \
      "integral of requests present against the sum of their times")                           \
    X(COST, "cost_usd_per_million_tokens", F64, "USD",                                         \
      "price of a million output tokens; nan: no price")                                       \
    X(COST_LOW, "cost_usd_per_million_tokens_low", F64, "USD", "the same at the lowest price") \
    X(COST_HIGH, "cost_usd_per_million_tokens_high", F64, "USD",                               \
      "the same at the highest price")                                                         \
    X(COST_INPUT, "cost_usd_per_million_input_tokens", F64, "USD",                             \
      "of that time, what prefilling takes, over prompt tokens, cached or not")                \
    X(COST_OUTPUT, "cost_usd_per_million_output_tokens_alone", F64, "USD",                     \
      "the rest, over output tokens")                                                          \
    X(COST_SESSION, "cost_usd_per_session", F64, "USD",                                        \
      "of the whole run over sessions begun; nan: the load has none")                          \
    X(TOKENS_PER_USD, "tokens_per_usd", F64, "1/USD", "output tokens for a dollar")            \
    X(ENERGY, "energy_J_per_million_tokens", F64, "J", "of the facility, output tokens")       \
    X(TOKENS_PER_J, "tokens_per_J", F64, "1/J", "output tokens for a joule")                   \
    X(POWER, "average_power_W", F64, "W", "of the facility")                                   \
    X(PEAK_POWER, "peak_power_W", F64, "W",                                                    \
      "of the facility, while all chips are at the hungriest work there was")                  \
    X(PRICE_KIND, "price_kind", TEXT, "", "owner, on-demand, capacity-block, ...; \"\": none") \
    X(PRICE_IS_ESTIMATE, "price_is_estimate", I64, "1", "1: a price is our estimate")

#define SERVING_ENUM(NAME, column, type, unit, meaning) SERVING_##NAME,
enum serving_column { SERVING_COLUMNS(SERVING_ENUM) SERVING_COLUMN_COUNT };
#undef SERVING_ENUM

/* prices: of a chip of each pool; NULL, or one of them: not known. */
struct table *serving_tables_summary(const struct serving *serving,
                                     const struct price *const prices[POOL_KINDS],
                                     struct arena *arena);
struct table *serving_tables_series(const struct serving *serving, struct arena *arena);
struct table *serving_tables_breakdown(const struct serving *serving, struct arena *arena);
