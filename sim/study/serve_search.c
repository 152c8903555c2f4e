/* SPDX-License-Identifier: Apache-2.0 */
/* All shapes of a replica that fit are priced once, as a replica that does both, one that
 * decodes and one that prefills; pools are put together from these. */
#include "study/serve_search.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "study/serve_estimate.h"
#include "workload/arrivals.h"

enum { SAMPLE = 4096, PREFILL_SEQUENCES = 64 };
static const int32_t sequence_limits[] = {16, 32, 64, 128, 256, 512, 1024};
static const int32_t token_limits[] = {512, 1024, 2048, 4096, 8192, 16384};
enum {
    SEQUENCE_LIMITS = sizeof sequence_limits / sizeof sequence_limits[0],
    TOKEN_LIMITS = sizeof token_limits / sizeof token_limits[0]
};

struct shape_rates { /* of one replica */
    struct serve_shape shape;
    double kv_tokens;
    struct serve_rate both, decode, prefill;
};

struct walk {
    struct serve_search *search;
    struct serve_load load;
    struct shape_rates *shapes;
    int64_t count, capacity;
    int64_t chips;
};

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The load */

static int rising(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static bool measure_load(struct serve_search *search, struct error *error)
{
    const struct scenario *scenario = search->scenario;
    struct arena *scratch = arena_create();
    struct arrivals *arrivals =
        arrivals_open(&scenario->serving, scenario->seed, scratch, error);
    int32_t *inputs = arena_array(scratch, SAMPLE, sizeof(int32_t));
    double output = 0, input = 0;
    int64_t count = 0;
    bool taken = arrivals != NULL;
    while (taken && count < SAMPLE && isfinite(arrivals_time_s(arrivals))) {
        struct arrival arrival;
        taken = arrivals_take(arrivals, &arrival, error);
        if (taken) {
            inputs[count++] = arrival.input_tokens;
            input += arrival.input_tokens;
            output += arrival.output_tokens;
            arrivals_completed(arrivals, &arrival, arrival.time_s);
        }
    }
    qsort(inputs, (size_t)count, sizeof(int32_t), rising);
    if (taken && count > 0) {
        search->input_tokens = input / (double)count;
        search->output_tokens = output / (double)count;
        search->input_p99_tokens = inputs[(count - 1) * 99 / 100];
    }
    if (arrivals != NULL) {
        arrivals_close(arrivals);
    }
    arena_free(scratch);
    return taken && (count > 0 || error_at(error, ERROR_INPUT, scenario->path, 0, 0,
                                           "the load has no requests"));
}

static bool check_load(const struct serve_search *search, struct error *error)
{
    const struct serving_scenario *serving = &search->scenario->serving;
    bool rated = serving->arrivals != ARRIVALS_AT_ONCE && serving->arrivals != ARRIVALS_CLOSED;
    return rated || error_at(error, ERROR_INPUT, search->scenario->path, 0, 0,
                             "plan seeks the highest rate within the service level, and "
                             "arrivals are %s, which have none; use poisson, gamma or a trace",
                             serving->arrivals == ARRIVALS_CLOSED ? "closed" : "at-once");
}

/* Shapes */

static void put_shape(struct serving_scenario *serving, const struct serve_shape *shape)
{
    serving->tensor_parallel = shape->tensor;
    serving->pipeline_parallel = shape->pipeline;
    serving->expert_parallel = shape->expert;
    serving->attention_data_parallel = shape->attention_data;
    serving->max_num_seqs = shape->sequences;
    serving->max_num_batched_tokens = shape->tokens;
}

static void try_shape(struct walk *walk, const struct serve_shape *shape)
{
    struct serve_search *search = walk->search;
    struct serving_scenario serving = search->scenario->serving;
    struct arena *scratch = arena_create();
    struct error ignored = {.kind = ERROR_NONE};
    put_shape(&serving, shape);
    struct step_cost *cost = step_cost_create(search->platform, 0, search->scenario->model,
                                              &serving, shape->tokens, scratch, &ignored);
    search->considered++;
    if (cost != NULL) {
        walk->shapes = arena_grow(search->arena, walk->shapes, walk->count, &walk->capacity,
                                  sizeof *walk->shapes);
        struct shape_rates *rates = &walk->shapes[walk->count++];
        *rates = (struct shape_rates){.shape = *shape,
                                      .kv_tokens = cost->kv_bytes / cost->kv_token_bytes};
        rates->both = serve_estimate_both(cost, shape, &walk->load);
        rates->decode = serve_estimate_decode(cost, shape, &walk->load);
        rates->prefill = serve_estimate_prefill(cost, shape, &walk->load);
    }
    arena_free(scratch);
}

static void try_limits(struct walk *walk, struct serve_shape *shape)
{
    for (int s = 0; s < SEQUENCE_LIMITS; s++) {
        for (int t = 0; t < TOKEN_LIMITS; t++) {
            shape->sequences = sequence_limits[s];
            shape->tokens = token_limits[t];
            if (shape->tokens > shape->sequences) {
                try_shape(walk, shape);
            }
        }
    }
}

static void try_divisions(struct walk *walk, struct serve_shape *shape)
{
    const struct model *model = walk->search->scenario->model;
    int32_t experts = model->expert_count > 0 ? shape->tensor : 1;
    for (shape->expert = 1; shape->expert <= experts; shape->expert++) {
        for (int32_t parts = 1; parts <= shape->tensor; parts++) {
            bool divides = shape->tensor % shape->expert == 0 && shape->tensor % parts == 0;
            shape->attention_data = parts;
            if (divides && (model->expert_count > 0 || parts == 1)) {
                try_limits(walk, shape);
            }
        }
    }
}

/* Tensor groups of divisors of a domain, and of whole domains. */
static void find_shapes(struct walk *walk)
{
    int64_t domain = walk->search->platform->chip_count;
    for (int64_t tensor = 1; tensor <= walk->chips; tensor++) {
        if (domain % tensor != 0 && tensor % domain != 0) {
            continue;
        }
        for (int64_t stages = 1; stages <= 8 && tensor * stages <= walk->chips; stages++) {
            struct serve_shape shape = {.tensor = (int32_t)tensor, .pipeline = (int32_t)stages};
            if (stages <= walk->search->scenario->model->layers) {
                try_divisions(walk, &shape);
            }
        }
    }
}

/* Fleets */

double serve_search_value(const struct serve_point *point)
{
    return point->capacity_per_s / (double)point->chips;
}

static bool same_shape(const struct serve_shape *a, const struct serve_shape *b)
{
    return a->tensor == b->tensor && a->pipeline == b->pipeline && a->expert == b->expert &&
           a->attention_data == b->attention_data;
}

/* The best of all are often one fleet with many limits: only a few of each are kept, so that
 * the simulation decides between fleets, too. Where the last of too many stands; else -1. */
static int last_of_many(const struct serve_search *search, const struct serve_point *point)
{
    int count = 0, last = -1;
    for (int i = 0; i < search->best_count; i++) {
        if (same_shape(&search->best[i].main, &point->main) &&
            same_shape(&search->best[i].prefill, &point->prefill)) {
            count++;
            last = i;
        }
    }
    return count < SERVE_ALIKE ? -1 : last;
}

static void keep_best(struct serve_search *search, const struct serve_point *point)
{
    double value = serve_search_value(point);
    int at = last_of_many(search, point);
    at = at < 0 && search->best_count == SERVE_BEST ? SERVE_BEST - 1 : at;
    if (at >= 0 && serve_search_value(&search->best[at]) >= value) {
        return;
    }
    at = at < 0 ? search->best_count++ : at;
    while (at > 0 && serve_search_value(&search->best[at - 1]) < value) {
        search->best[at] = search->best[at - 1];
        at--;
    }
    search->best[at] = *point;
}

static void add_point(struct serve_search *search, const struct serve_point *point)
{
    search->points = arena_grow(search->arena, search->points, search->count, &search->capacity,
                                sizeof *search->points);
    search->points[search->count++] = *point;
    keep_best(search, point);
}

static int64_t chips_of(const struct serve_shape *shape)
{
    return (int64_t)shape->tensor * shape->pipeline;
}

static void add_whole(struct walk *walk, const struct shape_rates *rates)
{
    int64_t replicas = walk->chips / chips_of(&rates->shape);
    if (rates->both.rate_per_s > 0) {
        struct serve_point point = {.main = rates->shape,
                                    .replicas = (int32_t)replicas,
                                    .chips = replicas * chips_of(&rates->shape),
                                    .kv_tokens = rates->kv_tokens,
                                    .capacity_per_s = (double)replicas * rates->both.rate_per_s,
                                    .ttft_s = rates->both.ttft_s,
                                    .tpot_s = rates->both.tpot_s};
        add_point(walk->search, &point);
    }
}

/* One of these to so many of those; what is left of the chips decodes. */
static void add_divided(struct walk *walk, const struct shape_rates *prefill,
                        const struct shape_rates *decode, int64_t prefills)
{
    int64_t left = walk->chips - prefills * chips_of(&prefill->shape);
    int64_t decodes = left > 0 ? left / chips_of(&decode->shape) : 0;
    walk->search->considered++;
    if (prefills < 1 || decodes < 1) {
        return;
    }
    struct serve_point point = {
        .main = decode->shape,
        .prefill = prefill->shape,
        .replicas = (int32_t)decodes,
        .prefill_replicas = (int32_t)prefills,
        .chips = prefills * chips_of(&prefill->shape) + decodes * chips_of(&decode->shape),
        .kv_tokens = decode->kv_tokens,
        .capacity_per_s = fmin((double)prefills * prefill->prefill.rate_per_s,
                               (double)decodes * decode->decode.rate_per_s),
        .ttft_s = prefill->prefill.ttft_s,
        .tpot_s = decode->decode.tpot_s};
    add_point(walk->search, &point);
}

/* Both pools share how experts and attention are divided. */
static bool go_together(const struct serve_shape *prefill, const struct serve_shape *decode)
{
    int32_t expert = prefill->tensor < decode->expert ? prefill->tensor : decode->expert;
    return prefill->sequences == PREFILL_SEQUENCES && prefill->expert == expert &&
           prefill->attention_data == decode->attention_data;
}

/* With more prefill replicas the lesser of both pools' rates first rises, then falls: the two
 * numbers about the crossing bound all others. */
static void divide(struct walk *walk, const struct shape_rates *prefill,
                   const struct shape_rates *decode)
{
    double a = prefill->prefill.rate_per_s, b = decode->decode.rate_per_s;
    double per_prefill = (double)chips_of(&prefill->shape);
    double per_decode = (double)chips_of(&decode->shape);
    if (!(a > 0) || !(b > 0) || !go_together(&prefill->shape, &decode->shape)) {
        return;
    }
    double crossing = (double)walk->chips / (per_prefill + a / b * per_decode);
    add_divided(walk, prefill, decode, (int64_t)crossing);
    add_divided(walk, prefill, decode, (int64_t)crossing + 1);
}

static void find_fleets(struct walk *walk)
{
    const struct serving_scenario *serving = &walk->search->scenario->serving;
    bool divided = serving->agents != AGENTS_STATEFUL && serving->policy != BATCH_STATIC;
    for (int64_t i = 0; i < walk->count; i++) {
        add_whole(walk, &walk->shapes[i]);
        for (int64_t j = 0; divided && j < walk->count; j++) {
            divide(walk, &walk->shapes[j], &walk->shapes[i]);
        }
    }
}

bool serve_search_run(struct serve_search *search, struct error *error)
{
    double start_s = now_s();
    if (!check_load(search, error) || !measure_load(search, error)) {
        return false;
    }
    const struct serving_scenario *serving = &search->scenario->serving;
    struct walk walk = {.search = search,
                        .chips = platform_chips(search->platform),
                        .load = {search->input_tokens, search->input_p99_tokens,
                                 search->output_tokens, serving->slo_ttft_s,
                                 serving->slo_tpot_s}};
    find_shapes(&walk);
    find_fleets(&walk);
    search->wall_s = now_s() - start_s;
    return search->count > 0 ||
           error_at(
               error, ERROR_INFEASIBLE, search->scenario->path, 0, 0,
               "none of %lld plans fits %lld chips of %s and meets the service level, TTFT "
               "%.3g s and TPOT %.3g s at the 99th percentile; use more chips, narrower "
               "weights or a looser level",
               (long long)search->considered, (long long)walk.chips, search->platform->title,
               serving->slo_ttft_s, serving->slo_tpot_s);
}

struct scenario serve_search_scenario(const struct serve_search *search,
                                      const struct serve_point *point)
{
    struct scenario scenario = *search->scenario;
    struct serving_scenario *serving = &scenario.serving;
    put_shape(serving, &point->main);
    serving->replicas = point->replicas;
    serving->prefill_replicas = point->prefill_replicas;
    serving->prefill_tensor_parallel = point->prefill.tensor;
    serving->prefill_pipeline_parallel = point->prefill.pipeline;
    serving->prefill_max_num_seqs = point->prefill.sequences;
    serving->prefill_max_num_batched_tokens = point->prefill.tokens;
    serving->autoscaler = AUTOSCALER_NONE;
    return scenario;
}
