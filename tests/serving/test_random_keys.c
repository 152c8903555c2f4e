/* SPDX-License-Identifier: Apache-2.0 */
/* Random keys of a serving workload on random machines: the load is served and everything is
 * conserved, or it is refused with a message. TRNSIM_KEY_CASES=FIRST:COUNT looks at others. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "serving/serving_tables.h"
#include "support/serving_case.h"
#include "support/support.h"

enum { CASES = 120, TEXT_SIZE = 2048 };

/* Each key with values that it may have. */
static const char *const keys[] = {
    "arrivals=poisson|gamma|at-once|closed",
    "rate=0.5|5|50|500",
    "cv=0.2|1|4",
    "day_amplitude=0|0.5|1",
    "day=10s|24h",
    "concurrency=1|7|64",
    "input_tokens=1|1..60|100..3000|9000",
    "output_tokens=1|1..40|1..700",
    "length_correlation=-0.9|0|0.7",
    "turns=1|1..6|4",
    "turn_tokens=1..90|500",
    "think=1|1..3|60",
    "shared_tokens=0|64|999",
    "shared_prefixes=1|9",
    "rate_scale=0.5|1|3",
    "agents=stateless|prefix-cache|stateful",
    "state_ttl=1s|1h",
    "state_tier=hbm|host|ssd|shared",
    "warmup=0s|1s",
    "cooldown=0s|1s",
    "policy=chunked|prefill-first|static",
    "preemption=recompute|swap",
    "admission=prompt|answer",
    "max_num_seqs=1|3|64|256",
    "max_num_batched_tokens=30|512|8192",
    "block_tokens=1|16|100",
    "max_model_len=0|500|100000",
    "gpu_memory_utilization=0.5|0.9|1",
    "memory_rule=total|static|free",
    "kv_tokens=auto|unlimited|900|20000",
    "prefix_caching=on|off",
    "step_overhead=0s|1ms",
    "sequence_overhead=0s|10us",
    "token_overhead=0s|1us",
    "host_layer=0s|50us",
    "prompt_kernel=0s|5us",
    "engine_all_reduce=0s|5us",
    "all_experts_from=0|64",
    "expert_start=0s|3us",
    "prefill_buckets=none|256",
    "launch_factor=0.5|2",
    "matmul_factor=0.5|2",
    "attention_factor=0.5|2",
    "vector_factor=0|3",
    "communication_factor=0.5|2",
    "speculative_tokens=0|1|4",
    "acceptance=0|0.7|1",
    "draft_fraction=0|0.1",
    "request_overhead=0s|20ms",
    "graph_memory=0B|3GiB",
    "tensor_parallel=1|2|4|8",
    "pipeline_parallel=1|2|4",
    "expert_parallel=1|2|4",
    "attention_data_parallel=1|2|4",
    "weights=bf16|fp8|fp4",
    "activations=bf16|fp8",
    "kv_cache=bf16|fp8",
    "offload=none|host|host,ssd|shared|host,ssd,shared",
    "host_size=0B|100MB",
    "ssd_size=0B|1GB",
    "shared_size=0B|1GB",
    "prefill_replicas=0|1|2",
    "prefill_tensor_parallel=0|2|4",
    "prefill_pipeline_parallel=0|2",
    "prefill_max_num_seqs=0|3",
    "prefill_max_num_batched_tokens=0|700",
    "kv_overlap=on|off",
    "replicas=1|2|5|all",
    "router=round-robin|least-loaded|session|prefix",
    "queue_order=fcfs|priority|shortest",
    "urgent_fraction=0|0.3",
    "max_queue=0|5",
    "autoscaler=none|queue|concurrency",
    "min_replicas=1|2",
    "scale_target=1|16",
    "scale_interval=1s|15s",
    "scale_delay=0s|5s",
    "scale_down=2s|300s",
    "startup=0s|2s",
    "weights_tier=hbm|host|ssd|shared",
    "replica_mtbf=0s|20s",
    "repair=0s|3s",
    "max_retries=0|3",
    "request_rows=16|1000",
};
enum { KEYS = sizeof keys / sizeof keys[0] };

static const char *const machines[] = {"p5",           "hgx-h100",         "trn2-ultraserver",
                                       "mi300x",       "trn3-ultraserver", "gb200-nvl72",
                                       "hgx-a100-40gb"};
static const char *const models[] = {"llama-3-8b", "mixtral-8x7b", "gpt-oss-120b"};

/* " key=value", one of the values. */
static void add(char *text, struct random_stream *stream, const char *key)
{
    const char *value = strchr(key, '=') + 1;
    int64_t count = 1;
    for (const char *at = value; (at = strchr(at, '|')) != NULL; at++) {
        count++;
    }
    for (int64_t skip = random_below(stream, count); skip > 0; skip--) {
        value = strchr(value, '|') + 1;
    }
    size_t used = strlen(text);
    snprintf(text + used, TEXT_SIZE - used, " %.*s=%.*s", (int)strcspn(key, "="), key,
             (int)strcspn(value, "|"), value);
}

static void make(struct random_stream *stream, char text[TEXT_SIZE])
{
    bool taken[KEYS] = {false};
    snprintf(text, TEXT_SIZE, "requests=%d model=" SOURCE_FOLDER "/workloads/models/%s.json",
             (int)random_below(stream, 300) + 1, models[random_below(stream, 3)]);
    for (int64_t left = 4 + random_below(stream, 11); left > 0; left--) {
        int64_t key = random_below(stream, KEYS);
        if (!taken[key]) {
            add(text, stream, keys[key]);
        }
        taken[key] = true;
    }
}

/* No figure is below nothing, or without end; a cache without bound has -1 tokens. */
static void check_figures(const struct serving_case *made)
{
    static const struct price price = {
        .usd_per_chip_h = 1, .low_usd_per_chip_h = 1, .high_usd_per_chip_h = 2};
    const struct price *prices[POOL_KINDS] = {&price, &price};
    const struct table *table = serving_tables_summary(made->serving, prices, made->arena);
    for (int c = 0; c < table->column_count; c++) {
        const struct column *column = &table->columns[c];
        bool wrong = column->type == COLUMN_F64 &&
                     (table->cells[c].f64 < 0 || isinf(table->cells[c].f64));
        wrong = wrong || (column->type == COLUMN_I64 && table->cells[c].i64 < -1);
        CU_ASSERT(!wrong);
        if (wrong) {
            printf("\n    %s", column->name);
        }
    }
}

/* True when the load was served. */
static bool run_case(int64_t number)
{
    char text[TEXT_SIZE], name[64];
    struct random_stream stream;
    snprintf(name, sizeof name, "random keys %lld", (long long)number);
    random_init(&stream, 1, name);
    make(&stream, text);
    const char *machine = machines[random_below(&stream, sizeof machines / sizeof machines[0])];
    struct serving_case made = serving_case_run_on(machine, random_below(&stream, 3), text);
    unsigned failed = CU_get_number_of_failures();
    bool served = made.served;
    if (served) {
        serving_case_check(&made);
        check_figures(&made);
    } else {
        CU_ASSERT(made.error.kind == ERROR_INPUT || made.error.kind == ERROR_INFEASIBLE ||
                  made.error.kind == ERROR_USAGE);
        CU_ASSERT(strlen(made.error.message) > 20);
    }
    if (CU_get_number_of_failures() > failed) {
        printf("\n    case %lld: %s,%s: %s", (long long)number, machine, text,
               made.error.message);
    }
    serving_case_free(&made);
    return served;
}

static void served_or_refused(void)
{
    int64_t first = 1, count = CASES, served = 0, number;
    const char *wanted = getenv("TRNSIM_KEY_CASES");
    if (wanted != NULL) {
        char *rest;
        first = strtoll(wanted, &rest, 10);
        count = *rest == ':' ? strtoll(rest + 1, NULL, 10) : 1;
    }
    for (number = first; number < first + count; number++) {
        served += run_case(number);
    }
    printf("\n    %lld of %lld served", (long long)served, (long long)count);
    CU_ASSERT(wanted != NULL || served > CASES / 3);
}

void suite_random_keys(void)
{
    static const struct test tests[] = {
        {"served or refused", served_or_refused},
    };
    add_suite("random_keys", tests, sizeof tests / sizeof tests[0]);
}
