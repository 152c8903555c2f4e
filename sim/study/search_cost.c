/* SPDX-License-Identifier: Apache-2.0 */
/* The same operation lists, chip times and exchange prices as the simulation uses; exchanges
 * between the chips of one group are remembered by what decides their time. */
#include "study/search_cost.h"

#include <math.h>
#include <string.h>

#include "economics/energy.h"
#include "hardware/fabric.h"
#include "program/lowering.h"
#include "program/overlap.h"
#include "program/replica.h"

enum { AUTO_GROUP = 16, FIRST_SIZE = 1 << 12 };
static const double small_bytes = 4e6, large_bytes = 256e6;

static uint64_t hash_of(const struct search_price *price)
{
    uint64_t bits, hash = 1469598103934665603u;
    memcpy(&bits, &price->bytes, sizeof bits);
    const uint64_t words[] = {(uint64_t)price->operation, (uint64_t)price->slot,
                              (uint64_t)price->tensor,    (uint64_t)price->context,
                              (uint64_t)price->expert,    (uint64_t)price->data,
                              (uint64_t)price->pipeline,  bits};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        hash = (hash ^ words[i]) * 1099511628211u;
        hash ^= hash >> 29;
    }
    return hash;
}

static bool same(const struct search_price *a, const struct search_price *b)
{
    return a->operation == b->operation && a->slot == b->slot && a->tensor == b->tensor &&
           a->context == b->context && a->expert == b->expert && a->data == b->data &&
           a->pipeline == b->pipeline && a->bytes >= b->bytes && a->bytes <= b->bytes;
}

static struct search_price *place_of(const struct search_prices *prices,
                                     const struct search_price *wanted)
{
    uint64_t slot = hash_of(wanted) & (uint64_t)(prices->size - 1);
    while (prices->prices[slot].bytes > 0 && !same(&prices->prices[slot], wanted)) {
        slot = (slot + 1) & (uint64_t)(prices->size - 1);
    }
    return &prices->prices[slot];
}

static void widen(struct search_prices *prices)
{
    struct search_price *old = prices->prices;
    int64_t size = prices->size;
    prices->size = size == 0 ? FIRST_SIZE : 2 * size;
    prices->prices = arena_array(prices->arena, prices->size, sizeof *prices->prices);
    for (int64_t i = 0; i < size; i++) {
        if (old[i].bytes > 0) {
            *place_of(prices, &old[i]) = old[i];
        }
    }
}

/* The exchange inside one team: its chips are the first of the machine. */
static double team_s(const struct platform *platform, int64_t width,
                     enum collective_operation operation, double bytes)
{
    static const char *const names[] = {"ring", "hierarchical", "auto"};
    struct arena *scratch = arena_create();
    int64_t *chips = arena_array(scratch, width, sizeof(int64_t));
    for (int64_t i = 0; i < width; i++) {
        chips[i] = i;
    }
    struct collective collective = {operation, bytes, platform, chips, width};
    bool large = width > 72;
    double best_s = INFINITY;
    for (int i = large ? 0 : 2; i < (large ? 2 : 3); i++) {
        struct schedule schedule = {.arena = scratch};
        struct error ignored = {.kind = ERROR_NONE};
        if (collective_plan(&collective, names[i], &schedule, &ignored)) {
            best_s = fmin(best_s, collective_time_s(&collective, &schedule));
        }
    }
    arena_free(scratch);
    return best_s;
}

/* An exchange among several teams, all its subgroups at once. */
static double group_s(const struct platform *platform, const struct plan *plan, enum slot slot,
                      enum collective_operation operation, double bytes)
{
    static const char *const names[] = {"auto", "ring", "hierarchical"};
    int64_t size = slot == SLOT_CONTEXT  ? plan->context_parallel
                   : slot == SLOT_EXPERT ? plan->expert_parallel
                   : slot == SLOT_DATA   ? plan->data_parallel * plan->context_parallel
                                         : plan_expert_replicas(plan);
    bool small = size <= AUTO_GROUP || operation > COLLECTIVE_ALL_GATHER;
    double best_s = INFINITY;
    for (int i = small ? 0 : 1; i < (small ? 1 : 3); i++) {
        struct spec spec = {operation, bytes, names[i]};
        double time_s = replica_exchange_s(platform, plan, slot, &spec);
        best_s = time_s >= 0 ? fmin(best_s, time_s) : best_s;
    }
    return best_s;
}

static double price_s(struct search_prices *prices, const struct plan *plan, enum slot slot,
                      enum collective_operation operation, double bytes)
{
    struct search_price wanted = {.operation = (int)operation,
                                  .slot = (int)slot,
                                  .tensor = plan->tensor_parallel,
                                  .bytes = bytes};
    if (slot != SLOT_TENSOR) {
        wanted.context = plan->context_parallel;
        wanted.expert = slot == SLOT_EXPERT ? plan->expert_parallel : 0;
    }
    if (slot == SLOT_DATA || slot == SLOT_EXPERT_DATA) {
        wanted.data = plan->data_parallel;
        wanted.expert = slot == SLOT_EXPERT_DATA ? plan->expert_parallel : 0;
        wanted.pipeline = plan->pipeline_inside ? plan->pipeline_parallel : 0;
        if (!plan->pipeline_inside) { /* neighbours, whichever of the two parallels they are */
            wanted.data *= wanted.context;
            wanted.context = 0;
        }
    }
    if (prices->count * 2 >= prices->size) {
        widen(prices);
    }
    struct search_price *price = place_of(prices, &wanted);
    if (price->bytes > 0) {
        return price->time_s;
    }
    wanted.time_s = slot == SLOT_TENSOR
                        ? team_s(prices->platform, plan->tensor_parallel, operation, bytes)
                        : group_s(prices->platform, plan, slot, operation, bytes);
    *price = wanted;
    prices->count++;
    return wanted.time_s;
}

/* Prices are known at powers of four; between two of them, and beyond the largest, time is a
 * straight line. */
static double exchange_s(struct search_prices *prices, const struct plan *plan, enum slot slot,
                         enum collective_operation operation, double bytes)
{
    enum { LEAST = 6, MOST = 13 };
    int power = (int)floor(log2(fmax(bytes, 1)) / 2);
    power = power < LEAST ? LEAST : power > MOST ? MOST : power;
    double low_bytes = ldexp(1, 2 * power), high_bytes = 4 * low_bytes;
    double low_s = price_s(prices, plan, slot, operation, low_bytes);
    if (bytes <= low_bytes) {
        return low_s; /* latency alone, or exactly there */
    }
    double high_s = price_s(prices, plan, slot, operation, high_bytes);
    return low_s + (high_s - low_s) * (bytes - low_bytes) / (high_bytes - low_bytes);
}

struct share { /* of a microbatch's time, as "Sustained clock" sees it */
    double arithmetic_s, all_s;
};

static bool arithmetic(const struct work *work)
{
    return work->kind == WORK_MATMUL || work->kind == WORK_ATTENTION;
}

static bool beside(const struct operation_list *list, int index)
{
    const struct operation *operation = &list->items[index];
    return operation->beside_next && lowering_slot(operation->exchange) == SLOT_TENSOR &&
           index + 1 < list->count && list->items[index + 1].work.kernel_count > 0;
}

/* As the simulation runs them. */
static const struct operation_list *ordered(const struct plan *plan,
                                            const struct operation_list *list)
{
    static struct operation_list reordered; /* large */
    if (!plan->overlap_tensor) {
        return list;
    }
    overlap_tensor(list, &reordered);
    return &reordered;
}

/* What an exchange takes at the least: its bytes through the first link. */
static double least_s(const struct platform *platform, const struct plan *plan,
                      const struct operation *operation)
{
    int32_t count = 0;
    const int32_t *links =
        platform->chip_count > 1 ? platform_route(platform, 0, 1, &count) : NULL;
    double passes = operation->exchange == EXCHANGE_TENSOR_ALL_REDUCE ? 2 : 1;
    return plan->tensor_parallel > 1 && count > 0
               ? passes * operation->exchange_bytes / platform->links[links[0]].bandwidth_Bps
               : 0;
}

static void add_share(const struct platform *platform, const struct plan *plan,
                      const struct operation_list *list, struct share *share)
{
    list = ordered(plan, list);
    for (int i = 0; i < list->count; i++) {
        const struct operation *operation = &list->items[i];
        if (operation->work.kernel_count > 0) {
            double work_s = chip_work_time_s(platform_chip(platform, 0), &operation->work);
            share->all_s += work_s;
            share->arithmetic_s += arithmetic(&operation->work) ? work_s : 0;
        }
        if (operation->exchange != EXCHANGE_NONE && !beside(list, i)) {
            share->all_s += least_s(platform, plan, operation);
        }
    }
}

/* MODEL.md, "Sustained clock", of a layer instead of a chunk. */
static double clock_gain(const struct platform *platform, const struct training_shape *shape)
{
    static struct operation_list list;
    const struct chip *chip = platform_chip(platform, 0);
    double lowest = chip->sustained_clock_fraction;
    struct share share = {0, 0};
    list.count = 0;
    transformer_forward(shape, PART_LAYER, &list);
    add_share(platform, shape->plan, &list, &share);
    list.count = 0;
    transformer_backward(shape, PART_LAYER, &list);
    add_share(platform, shape->plan, &list, &share);
    if (!(lowest > 0) || lowest >= 1 || !(share.all_s > 0) || !(chip->tdp_W > 0)) {
        return 1;
    }
    double busy = share.arithmetic_s / share.all_s;
    double power_W = chip->idle_W + busy * (chip->tdp_W / (lowest * lowest) - chip->idle_W);
    return fmax(1, fmin(1, sqrt(chip->tdp_W / power_W)) / lowest);
}

/* Ops one after the other; an exchange beside the next work costs what it lasts longer. */
static struct search_pair list_s(struct search_prices *prices, const struct plan *plan,
                                 const struct operation_list *list, double gain)
{
    const struct chip *chip = platform_chip(prices->platform, 0);
    struct search_pair sum = {0, 0, 0};
    double beside_s = 0, held_s = 0;
    list = ordered(plan, list);
    for (int i = 0; i < list->count; i++) {
        const struct operation *operation = &list->items[i];
        if (operation->work.kernel_count > 0) {
            double plain_s = chip_work_time_s(chip, &operation->work);
            bool fused = operation->work.kind == WORK_ATTENTION && plan->attention_fraction > 0;
            plain_s /= fused ? plan->attention_fraction : 1;
            double work_s = plain_s / (arithmetic(&operation->work) ? gain : 1);
            double host_s = operation->host_s +
                            plan->kernel_gap_s * (operation->work.kernel_count +
                                                  (operation->exchange != EXCHANGE_NONE));
            sum.plain_s += fmax(plain_s + host_s, beside_s);
            sum.time_s += fmax(work_s + host_s + held_s, beside_s);
            held_s = 0;
            sum.active_s += work_s * energy_work_share(operation->work.kind);
            beside_s = 0;
        }
        if (operation->exchange == EXCHANGE_NONE) {
            continue;
        }
        double time_s =
            exchange_s(prices, plan, lowering_slot(operation->exchange),
                       lowering_collective(operation->exchange), operation->exchange_bytes);
        sum.time_s += beside(list, i) ? 0 : time_s;
        sum.plain_s += beside(list, i) ? 0 : time_s;
        beside_s = beside(list, i) ? time_s : 0;
        held_s = beside(list, i) ? chip->communication_compute_fraction *
                                       least_s(prices->platform, plan, operation)
                                 : 0;
        sum.active_s += time_s * energy_communication_share();
    }
    return sum;
}

void search_cost_fill(struct search_prices *prices, const struct training_shape *shape,
                      struct search_cost *cost)
{
    static struct operation_list list; /* large */
    double gain = clock_gain(prices->platform, shape);
    for (enum part part = PART_LAYER; part <= PART_HEAD; part++) {
        if (part == PART_DENSE_LAYER && shape->model->dense_layers == 0) {
            continue;
        }
        list.count = 0;
        transformer_forward(shape, part, &list);
        cost->forward[part] = list_s(prices, shape->plan, &list, gain);
        list.count = 0;
        transformer_backward(shape, part, &list);
        cost->backward[part] = list_s(prices, shape->plan, &list, gain);
    }
}

struct search_line search_cost_data(struct search_prices *prices, const struct plan *plan,
                                    bool expert)
{
    enum slot slot = expert ? SLOT_EXPERT_DATA : SLOT_DATA;
    bool alone = expert ? plan->expert_parallel == 1 || plan_expert_replicas(plan) == 1
                        : plan->data_parallel * plan->context_parallel == 1;
    if (alone) {
        return (struct search_line){0, 0};
    }
    double small_s = price_s(prices, plan, slot, COLLECTIVE_REDUCE_SCATTER, small_bytes);
    double large_s = price_s(prices, plan, slot, COLLECTIVE_REDUCE_SCATTER, large_bytes);
    struct search_line line = {0, (large_s - small_s) / (large_bytes - small_bytes)};
    line.fixed_s = fmax(small_s - line.per_byte_s * small_bytes, 0);
    return line;
}

struct search_line search_cost_boundary(const struct platform *platform,
                                        const struct plan *plan)
{
    struct search_line worst = {0, 0};
    int64_t stride = plan->tensor_parallel * plan->context_parallel;
    stride *= plan->pipeline_inside ? 1 : plan->data_parallel;
    for (int64_t stage = 0; stage + 1 < plan->pipeline_parallel; stage++) {
        struct fabric_path path;
        int64_t from = stage * stride, to = from + stride;
        fabric_path(platform, from, to, &path);
        double rate_Bps = INFINITY;
        for (int32_t l = 0; l < path.link_count; l++) {
            rate_Bps = fmin(rate_Bps, fabric_link_Bps(platform, path.links[l]));
        }
        if (path.scale_out && platform->nic_up_Bps != NULL) {
            rate_Bps = fmin(rate_Bps, platform->nic_up_Bps[from % platform->chip_count]);
        }
        double step_s = path.scale_out ? platform->collective_step_scale_out_s
                                       : platform->collective_step_s;
        worst.fixed_s =
            fmax(worst.fixed_s, platform->collective_launch_s + path.latency_s + step_s);
        worst.per_byte_s = fmax(worst.per_byte_s, 1 / rate_Bps);
    }
    return worst;
}

double search_cost_rough_s(const struct platform *platform, const struct plan *plan)
{
    int64_t span = plan->tensor_parallel * plan->data_parallel * plan->context_parallel;
    if (span > platform->chip_count && platform->nic_up_Bps != NULL) {
        int64_t inside = platform->chip_count / plan->tensor_parallel;
        return 1 / ((double)(inside > 1 ? inside : 1) * platform->nic_up_Bps[0]);
    }
    int32_t count = 0;
    double narrowest_Bps = INFINITY;
    const int32_t *links =
        platform->chip_count > 1 ? platform_route(platform, 0, 1, &count) : NULL;
    for (int32_t i = 0; i < count; i++) {
        narrowest_Bps = fmin(narrowest_Bps, platform->links[links[i]].bandwidth_Bps);
    }
    return 1 / narrowest_Bps;
}

double search_cost_optimizer_s(const struct platform *platform, const struct plan *plan)
{
    static const double many = 1e9;
    static struct operation_list list;
    double time_s = 0;
    list.count = 0;
    transformer_optimizer(plan, many, &list);
    for (int i = 0; i < list.count; i++) {
        time_s += chip_work_time_s(platform_chip(platform, 0), &list.items[i].work);
    }
    return time_s / many;
}
