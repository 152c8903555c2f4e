/* SPDX-License-Identifier: Apache-2.0 */
/* What a search is asked and what it answers; the plans themselves are gone through in
 * search_loops.c. */
#define _POSIX_C_SOURCE 200809L /* sigaction */
#include "study/search.h"

#include <malloc.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "program/lowering.h"
#include "study/search_walk.h"

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double search_value(const struct search *search, const struct search_point *point)
{
    return search->objective == SEARCH_JOULE ? point->energy_J : point->time_s;
}

bool search_same_family(const struct search_point *a, const struct search_point *b)
{
    return a->tensor == b->tensor && a->pipeline == b->pipeline && a->context == b->context &&
           a->expert == b->expert && a->micro_batch == b->micro_batch &&
           a->virtual_stages == b->virtual_stages && a->schedule == b->schedule &&
           a->zero == b->zero && a->recompute == b->recompute;
}

bool search_same_plan(const struct search_point *a, const struct search_point *b)
{
    return search_same_family(a, b) && a->shard_chips == b->shard_chips &&
           a->recompute_layers == b->recompute_layers &&
           a->expert_sharing == b->expert_sharing &&
           a->offload_activations == b->offload_activations && a->sequence == b->sequence &&
           a->overlap == b->overlap && a->overlap_weights == b->overlap_weights &&
           a->overlap_tensor == b->overlap_tensor && a->overlap_experts == b->overlap_experts &&
           a->inside == b->inside && a->offload_optimizer == b->offload_optimizer;
}

/* A list of the best, in order; with families at most one of each. */
static void keep(const struct search *search, const struct search_point *point, bool families,
                 struct search_point *list, int *count)
{
    double value = search_value(search, point);
    if (*count == SEARCH_BEST && value >= search_value(search, &list[SEARCH_BEST - 1])) {
        return;
    }
    int at = 0;
    while (families && at < *count && !search_same_family(&list[at], point)) {
        at++;
    }
    if (families && at < *count) {
        if (value >= search_value(search, &list[at])) {
            return;
        }
    } else {
        *count += *count < SEARCH_BEST;
        at = *count - 1;
    }
    while (at > 0 && search_value(search, &list[at - 1]) > value) {
        list[at] = list[at - 1];
        at--;
    }
    list[at] = *point;
}

bool search_offloads(const struct search_point *point)
{
    return point->offload_optimizer || point->offload_activations > 0;
}

void search_keep_best(struct search *search, const struct search_point *point)
{
    keep(search, point, false, search->best, &search->best_count);
    keep(search, point, true, search->families, &search->family_count);
    if (!search_offloads(point) &&
        (!(search->plain.time_s > 0) ||
         search_value(search, point) < search_value(search, &search->plain))) {
        search->plain = *point;
    }
}

static volatile sig_atomic_t stopped;

static void ask_stop(int number)
{
    stopped = number;
}

bool search_stopped(void)
{
    return stopped != 0;
}

static void listen(struct sigaction before[2])
{
    struct sigaction action = {.sa_handler = ask_stop};
    stopped = 0;
    sigaction(SIGINT, &action, &before[0]);
    sigaction(SIGTERM, &action, &before[1]);
}

static void listen_no_more(const struct sigaction before[2])
{
    sigaction(SIGINT, &before[0], NULL);
    sigaction(SIGTERM, &before[1], NULL);
}

/* One copy of the model is estimated and simulated for all. */
static bool check_machine(const struct search *search, struct error *error)
{
    return search->platform->chip_type_count <= 1 ||
           error_fill(error, ERROR_INFEASIBLE,
                      "%s has two kinds of chip, and plan searches machines of one; use a "
                      "platform file with one of them",
                      search->platform->title);
}

/* What the workload's plan says and the search does not choose. */
static struct plan free_plan(const struct plan *given)
{
    struct plan plan = *given;
    plan.virtual_stages = plan.expert_tensor_parallel = 1;
    plan.schedule = SCHEDULE_1F1B;
    plan.overlap_gradients = plan.overlap_weights = plan.overlap_tensor = false;
    plan.overlap_experts = plan.pipeline_inside = plan.offload_optimizer = false;
    plan.offload_activations = plan.second_kind_share = 0;
    plan.recompute_layers = plan.shard_chips = plan.zero_stage = 0;
    plan.uneven_stages = true;
    plan.frozen_weights = plan.frozen_weights || plan.adapter_rank > 0;
    return plan;
}

bool search_run(struct search *search, struct error *error)
{
    const struct scenario *scenario = search->scenario;
    double start_s = now_s();
    struct sigaction before[2];
    const struct defects spares = {.spare_chips = scenario->defects.spare_chips};
    search->platform = defect_apply(search->platform, &spares, 1, search->arena, error);
    if (search->platform == NULL || !check_machine(search, error)) {
        return false;
    }
    /* Prices use and free much memory: given back to the system, each page costs again. */
    enum { KEPT_BYTES = 1 << 29 };
    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
    mallopt(M_MMAP_THRESHOLD, KEPT_BYTES);
    struct search_walk *walk = arena_alloc(search->arena, sizeof *walk);
    walk->search = search;
    walk->prices = (struct search_prices){.platform = search->platform, .arena = search->arena};
    walk->plan = free_plan(&scenario->plan);
    walk->shape =
        (struct training_shape){scenario->model, &walk->plan, scenario->sequence_tokens};
    walk->chips = platform_chips(search->platform);
    walk->sequences =
        (scenario->batch_tokens + scenario->sequence_tokens - 1) / scenario->sequence_tokens;
    walk->chip = platform_chip(search->platform, 0);
    int64_t width = scenario->model->layers + 3;
    walk->splits = arena_array(search->arena, width * width, sizeof *walk->splits);
    walk->optimizer_s = search_cost_optimizer_s(search->platform, &walk->plan);
    double message_Bps = lowering_message_Bps(search->platform);
    walk->send_s_per_byte = walk->plan.blocking_sends && message_Bps > 0 ? 1 / message_Bps : 0;
    listen(before);
    search->interrupted = !search_loops(walk);
    listen_no_more(before);
    search->priced = walk->prices.count;
    search->wall_s = now_s() - start_s;
    if (search->count == 0 && search->interrupted) {
        return error_fill(error, ERROR_INTERRUPTED, "interrupted before a plan was found");
    }
    return search->count > 0 ||
           error_at(error, ERROR_INFEASIBLE, scenario->path, 0, 0,
                    "none of %lld plans fits the memory of %lld chips of %s without rounding "
                    "the batch up; use more chips, or another batch_tokens",
                    (long long)search->considered, (long long)walk->chips,
                    search->platform->title);
}

struct search_point search_point_of(const struct plan *plan)
{
    return (struct search_point){
        .tensor = (int32_t)plan->tensor_parallel,
        .pipeline = (int32_t)plan->pipeline_parallel,
        .virtual_stages = (int16_t)plan->virtual_stages,
        .context = (int32_t)plan->context_parallel,
        .expert = (int32_t)plan->expert_parallel,
        .expert_sharing = plan->expert_parallel > 1 && plan->expert_tensor_parallel > 1,
        .micro_batch = (int32_t)plan->micro_batch,
        .shard_chips = (int32_t)plan->shard_chips,
        .schedule = (uint8_t)plan->schedule,
        .recompute = (uint8_t)plan->recompute,
        .recompute_layers = (int16_t)plan->recompute_layers,
        .zero = (uint8_t)plan->zero_stage,
        .sequence = plan->sequence_parallel,
        .overlap = plan->overlap_gradients,
        .overlap_weights = plan->overlap_weights,
        .overlap_tensor = plan->overlap_tensor,
        .overlap_experts = plan->overlap_experts,
        .inside = plan->pipeline_inside,
        .offload_optimizer = plan->offload_optimizer,
        .offload_activations =
            (uint8_t)lround(plan->offload_activations * SEARCH_OFFLOAD_STEPS)};
}

struct plan search_plan(const struct search *search, const struct search_point *point)
{
    struct plan plan = search->scenario->plan;
    struct error ignored = {.kind = ERROR_NONE};
    plan.tensor_parallel = point->tensor;
    plan.pipeline_parallel = point->pipeline;
    plan.virtual_stages = point->virtual_stages;
    plan.context_parallel = point->context;
    plan.expert_parallel = point->expert;
    plan.expert_tensor_parallel = point->expert_sharing > 0 ? point->tensor : 1;
    plan.schedule = (enum pipeline_schedule)point->schedule;
    plan.overlap_experts = point->overlap_experts;
    plan.offload_optimizer = point->offload_optimizer;
    plan.offload_activations = (double)point->offload_activations / SEARCH_OFFLOAD_STEPS;
    plan.shard_chips = point->shard_chips;
    plan.second_kind_share = 0;
    plan.micro_batch = point->micro_batch;
    plan.recompute = (enum recompute)point->recompute;
    plan.recompute_layers = point->recompute_layers;
    plan.zero_stage = point->zero;
    plan.sequence_parallel = point->sequence;
    plan.overlap_gradients = point->overlap;
    plan.overlap_weights = point->overlap_weights;
    plan.overlap_tensor = point->overlap_tensor;
    plan.uneven_stages = true;
    plan.pipeline_inside = point->inside;
    bool derived = plan_derive(&plan, search->scenario->model, platform_chips(search->platform),
                               search->scenario->sequence_tokens,
                               search->scenario->batch_tokens, &ignored);
    (void)derived;
    return plan;
}
