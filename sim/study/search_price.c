/* SPDX-License-Identifier: Apache-2.0 */
#include "study/search_price.h"

#include <math.h>
#include <string.h>

#include "hardware/fabric.h"
#include "program/replica.h"

enum { AUTO_GROUP = 16, FIRST_SIZE = 1 << 12 };

static uint64_t hash_of(const struct search_price *price)
{
    uint64_t bits, hash = 1469598103934665603u;
    memcpy(&bits, &price->bytes, sizeof bits);
    const uint64_t words[] = {
        (uint64_t)price->operation, (uint64_t)price->slot,     (uint64_t)price->tensor,
        (uint64_t)price->context,   (uint64_t)price->expert,   (uint64_t)price->sharing,
        (uint64_t)price->data,      (uint64_t)price->pipeline, bits};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        hash = (hash ^ words[i]) * 1099511628211u;
        hash ^= hash >> 29;
    }
    return hash;
}

static bool same(const struct search_price *a, const struct search_price *b)
{
    return a->operation == b->operation && a->slot == b->slot && a->tensor == b->tensor &&
           a->context == b->context && a->expert == b->expert && a->sharing == b->sharing &&
           a->data == b->data && a->pipeline == b->pipeline && a->bytes >= b->bytes &&
           a->bytes <= b->bytes;
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

static int64_t group_size(const struct plan *plan, enum slot slot)
{
    int64_t ranks = plan->data_parallel * plan->context_parallel;
    switch (slot) {
    case SLOT_TENSOR:
        return plan->tensor_parallel;
    case SLOT_CONTEXT:
        return plan->context_parallel;
    case SLOT_EXPERT:
        return plan->expert_parallel;
    case SLOT_EXPERT_DATA:
        return plan->expert_parallel > 1 ? plan_expert_replicas(plan) : 1;
    case SLOT_SHARD:
        return plan_shards(plan);
    case SLOT_COPIES:
        return ranks / plan_shards(plan);
    case SLOT_DATA:
    case SLOT_COUNT:
        break;
    }
    return ranks;
}

/* An exchange among several teams, all its subgroups at once. */
static double group_s(const struct platform *platform, const struct plan *plan, enum slot slot,
                      enum collective_operation operation, double bytes)
{
    static const char *const own[] = {"auto", NULL};
    static const char *const large[] = {"ring", "hierarchical", NULL};
    bool small = group_size(plan, slot) <= AUTO_GROUP || operation > COLLECTIVE_ALL_GATHER;
    struct spec spec = {operation, bytes, own[0]};
    double time_s = replica_exchange_s(platform, plan, slot, &spec, small ? own : large);
    return time_s >= 0 ? time_s : (double)INFINITY;
}

bool search_price_crosses(const struct plan *plan)
{
    return plan->expert_parallel > 1 &&
           plan->expert_parallel * plan_expert_tensor_parallel(plan) >
               plan->tensor_parallel * plan->context_parallel;
}

/* All that an exchange between the replicas' chips depends on. */
static void name_replicas(struct search_price *price, const struct plan *plan)
{
    price->data = plan->data_parallel;
    price->pipeline = plan->pipeline_inside ? plan->pipeline_parallel : 0;
    if (!plan->pipeline_inside) { /* neighbours, whichever of the two parallels they are */
        price->data *= price->context;
        price->context = 0;
    }
}

static struct search_price name_of(const struct plan *plan, enum slot slot,
                                   enum collective_operation operation, double bytes)
{
    struct search_price price = {.operation = (int)operation,
                                 .slot = (int)slot,
                                 .tensor = plan->tensor_parallel,
                                 .bytes = bytes};
    bool hybrid = slot == SLOT_SHARD || slot == SLOT_COPIES;
    bool replicas = slot == SLOT_DATA || slot == SLOT_EXPERT_DATA || hybrid;
    price.context = slot == SLOT_TENSOR ? 0 : plan->context_parallel;
    if (slot == SLOT_EXPERT || slot == SLOT_EXPERT_DATA) {
        price.expert = plan->expert_parallel;
        price.sharing = plan_expert_tensor_parallel(plan);
    }
    if (hybrid) {
        price.sharing = plan_shards(plan);
    }
    if (slot == SLOT_EXPERT && plan->pipeline_inside && search_price_crosses(plan)) {
        price.pipeline = plan->pipeline_parallel;
    }
    if (replicas) {
        name_replicas(&price, plan);
    }
    return price;
}

static double at_size_s(struct search_prices *prices, const struct plan *plan, enum slot slot,
                        enum collective_operation operation, double bytes)
{
    struct search_price wanted = name_of(plan, slot, operation, bytes);
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
double search_price_s(struct search_prices *prices, const struct plan *plan, enum slot slot,
                      enum collective_operation operation, double bytes)
{
    enum { LEAST = 6, MOST = 13 };
    int power = (int)floor(log2(fmax(bytes, 1)) / 2);
    power = power < LEAST ? LEAST : power > MOST ? MOST : power;
    double low_bytes = ldexp(1, 2 * power), high_bytes = 4 * low_bytes;
    double low_s = at_size_s(prices, plan, slot, operation, low_bytes);
    if (bytes <= low_bytes) {
        return low_s; /* latency alone, or exactly there */
    }
    double high_s = at_size_s(prices, plan, slot, operation, high_bytes);
    return low_s + (high_s - low_s) * (bytes - low_bytes) / (high_bytes - low_bytes);
}

/* The same with powers of sixteen from 1 MiB to 4 GiB: states are large. */
double search_price_replicas_s(struct search_prices *prices, const struct plan *plan,
                               enum slot slot, enum collective_operation operation,
                               double bytes)
{
    enum { LEAST = 5, MOST = 7 };
    if (group_size(plan, slot) == 1 || !(bytes > 0)) {
        return 0;
    }
    int power = (int)floor(log2(bytes) / 4);
    power = power < LEAST ? LEAST : power > MOST ? MOST : power;
    double low_bytes = ldexp(1, 4 * power), high_bytes = 16 * low_bytes;
    double low_s = at_size_s(prices, plan, slot, operation, low_bytes);
    double high_s = at_size_s(prices, plan, slot, operation, high_bytes);
    double time_s = low_s + (high_s - low_s) * (bytes - low_bytes) / (high_bytes - low_bytes);
    return fmax(time_s, low_s / 2); /* latency does not become less */
}

struct search_line search_price_boundary(const struct platform *platform,
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
