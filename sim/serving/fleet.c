/* SPDX-License-Identifier: Apache-2.0 */
/* A replica is off, starting (chips, then weights, then the engine), up, or draining: it gets
 * nothing new and goes when its last request has ended. A failure sends its requests elsewhere
 * with what they had said so far, and the replica through repair and start. */
#include "serving/fleet.h"

#include <math.h>

#include "serving/autoscaler.h"
#include "serving/serving_requests.h"

static const struct autoscaler *const autoscalers[] = {
    [AUTOSCALER_NONE] = NULL,
    [AUTOSCALER_QUEUE] = &autoscaler_queue,
    [AUTOSCALER_CONCURRENCY] = &autoscaler_concurrency,
};

static int32_t lanes_of(const struct pool *pool)
{
    return (int32_t)pool->scenario.pipeline_parallel;
}

static struct fleet_replica *item_of(struct serving *serving, int32_t lane)
{
    return &serving->fleet.items[lane];
}

static void set_timer(struct serving *serving, double after_s, enum timer_kind kind,
                      int32_t lane)
{
    timers_set(&serving->timers, serving->now_s + after_s, kind, lane,
               item_of(serving, lane)->version);
}

static void set_open(struct serving *serving, int32_t lane, bool is_open)
{
    struct pool *pool = serving_pool_of(serving, &serving->replicas[lane]);
    for (int32_t i = 0; i < lanes_of(pool); i++) {
        router_set_open(&pool->router, &serving->replicas[lane + i], is_open);
    }
}

static void set_failure(struct serving *serving, int32_t lane)
{
    double mtbf_s = serving->scenario->serving.replica_mtbf_s;
    if (mtbf_s > 0) {
        set_timer(serving, random_exponential(&serving->fleet.failures, mtbf_s), TIMER_FAIL,
                  lane);
    }
}

static void begin(struct serving *serving, int32_t lane, double delay_s)
{
    struct fleet_replica *item = item_of(serving, lane);
    if (item->state == FLEET_OFF) {
        item->since_s = serving->now_s + delay_s;
    }
    item->state = FLEET_STARTING;
    item->version++;
    serving->fleet.starts++;
    set_timer(serving, delay_s, TIMER_LOAD, lane);
}

static void load_weights(struct serving *serving, int32_t lane)
{
    const struct replica *replica = &serving->replicas[lane];
    const struct pool *pool = serving_pool_of(serving, replica);
    struct link_use uses[TIER_CROSSINGS];
    int64_t number = (lane - pool->replicas[0].index) / lanes_of(pool);
    struct transfer_way way =
        kv_tiers_way(&pool->tiers, number, (enum kv_place)pool->scenario.weights_tier, uses);
    double bytes = pool->cost->weights_bytes * (double)pool->tiers.place.chips_per_replica;
    transfers_start(&serving->transfers, serving->now_s, &way, bytes, TRANSFER_WEIGHTS, lane);
}

void fleet_loaded(struct serving *serving, int32_t lane)
{
    if (item_of(serving, lane)->state == FLEET_STARTING) {
        set_timer(serving, serving->scenario->serving.startup_s, TIMER_UP, lane);
    }
}

static void go_up(struct serving *serving, int32_t lane)
{
    struct pool *pool = serving_pool_of(serving, &serving->replicas[lane]);
    item_of(serving, lane)->state = FLEET_UP;
    for (int32_t i = 0; i < lanes_of(pool); i++) {
        serving->replicas[lane + i].down = false;
    }
    set_open(serving, lane, true);
    set_failure(serving, lane);
    serving_requests_rehouse(serving);
}

static void go_off(struct serving *serving, int32_t lane)
{
    struct pool *pool = serving_pool_of(serving, &serving->replicas[lane]);
    struct fleet_replica *item = item_of(serving, lane);
    item->state = FLEET_OFF;
    item->version++;
    serving->fleet.chips_s +=
        (serving->now_s - item->since_s) * (double)pool->tiers.place.chips_per_replica;
    for (int32_t i = 0; i < lanes_of(pool); i++) {
        kv_cache_clear(&serving->replicas[lane + i].cache);
    }
}

/* --- failures -------------------------------------------------------------------------------
 */

static void fail(struct serving *serving, int32_t lane)
{
    struct pool *pool = serving_pool_of(serving, &serving->replicas[lane]);
    struct fleet_replica *item = item_of(serving, lane);
    bool let_go = item->state == FLEET_DRAINING;
    serving->fleet.failed++;
    set_open(serving, lane, false);
    item->state = FLEET_STARTING;
    item->version++;
    for (int32_t i = 0; i < lanes_of(pool); i++) {
        serving_requests_evacuate(serving, &serving->replicas[lane + i]);
        kv_cache_clear(&serving->replicas[lane + i].cache);
    }
    if (let_go) {
        go_off(serving, lane);
    } else {
        set_timer(serving, serving->scenario->serving.repair_s, TIMER_REPAIR, lane);
    }
}

/* --- the autoscaler -------------------------------------------------------------------------
 */

static int64_t count(const struct serving *serving, enum fleet_state state)
{
    const struct pool *pool = &serving->pools[POOL_MAIN];
    int64_t found = 0;
    for (int32_t lane = 0; lane < pool->lane_count; lane += lanes_of(pool)) {
        found += serving->fleet.items[pool->replicas[lane].index].state == state;
    }
    return found;
}

/* The first that is off starts; one that drains is kept before that. */
static void add_one(struct serving *serving)
{
    const struct pool *pool = &serving->pools[POOL_MAIN];
    int32_t off = -1;
    for (int32_t lane = 0; lane < pool->lane_count; lane += lanes_of(pool)) {
        struct fleet_replica *item = item_of(serving, lane);
        if (item->state == FLEET_DRAINING) {
            item->state = FLEET_UP;
            set_open(serving, lane, true);
            return;
        }
        off = off < 0 && item->state == FLEET_OFF ? lane : off;
    }
    if (off >= 0) {
        begin(serving, off, serving->scenario->serving.scale_delay_s);
    }
}

/* The last that is up drains. */
static void let_one_go(struct serving *serving)
{
    const struct pool *pool = &serving->pools[POOL_MAIN];
    for (int32_t lane = pool->lane_count - lanes_of(pool); lane >= 0; lane -= lanes_of(pool)) {
        if (item_of(serving, lane)->state == FLEET_UP) {
            item_of(serving, lane)->state = FLEET_DRAINING;
            set_open(serving, lane, false);
            fleet_left(serving, &serving->replicas[lane]);
            return;
        }
    }
}

/* MODEL.md, "Serving: fleet" */
static void scale(struct serving *serving)
{
    const struct serving_scenario *scenario = &serving->scenario->serving;
    const struct pool *pool = &serving->pools[POOL_MAIN];
    double load = autoscalers[scenario->autoscaler]->load(serving);
    int64_t present = count(serving, FLEET_UP) + count(serving, FLEET_STARTING);
    int64_t wanted = (int64_t)ceil(load / fmax(scenario->scale_target, 1e-9));
    wanted = wanted < scenario->min_replicas ? scenario->min_replicas : wanted;
    wanted = wanted > pool->replica_count ? pool->replica_count : wanted;
    for (int64_t i = present; i < wanted; i++) {
        add_one(serving);
    }
    if (wanted >= present) {
        serving->fleet.enough_s = INFINITY;
    } else if (isinf(serving->fleet.enough_s)) {
        serving->fleet.enough_s = serving->now_s;
    } else if (serving->now_s - serving->fleet.enough_s >= scenario->scale_down_s) {
        let_one_go(serving);
        serving->fleet.enough_s = serving->now_s;
    }
    timers_set(&serving->timers, serving->now_s + scenario->scale_interval_s, TIMER_SCALE, 0,
               0);
}

void fleet_left(struct serving *serving, struct replica *replica)
{
    if (serving->fleet.items == NULL) {
        return;
    }
    const struct pool *pool = serving_pool_of(serving, replica);
    int32_t first = pool->replicas[0].index, lanes = lanes_of(pool);
    int32_t lane = first + (replica->index - first) / lanes * lanes;
    int64_t left = 0;
    for (int32_t i = 0; i < lanes; i++) {
        left += router_load(&pool->router, &serving->replicas[lane + i]) +
                serving->replicas[lane + i].held_count;
    }
    if (left == 0 && item_of(serving, lane)->state == FLEET_DRAINING) {
        go_off(serving, lane);
    }
}

/* --- timers and the start -------------------------------------------------------------------
 */

void fleet_timer(struct serving *serving, const struct timer *timer)
{
    int32_t lane = timer->subject;
    if (timer->kind == TIMER_SCALE) {
        scale(serving);
        return;
    }
    if (timer->version != item_of(serving, lane)->version) {
        return;
    }
    if (timer->kind == TIMER_LOAD) {
        load_weights(serving, lane);
    } else if (timer->kind == TIMER_UP) {
        go_up(serving, lane);
    } else if (timer->kind == TIMER_REPAIR) {
        begin(serving, lane, 0);
    } else {
        fail(serving, lane);
    }
}

void fleet_start(struct serving *serving, struct arena *arena)
{
    const struct serving_scenario *scenario = &serving->scenario->serving;
    bool scales = scenario->autoscaler != AUTOSCALER_NONE;
    serving->fleet = (struct fleet){.enough_s = INFINITY};
    random_init(&serving->fleet.failures, serving->scenario->seed, "replica failures");
    if (!scales && !(scenario->replica_mtbf_s > 0)) {
        return;
    }
    serving->fleet.items =
        arena_array(arena, serving->lane_count, sizeof(struct fleet_replica));
    for (int32_t lane = 0; lane < serving->lane_count;) {
        const struct pool *pool = serving_pool_of(serving, &serving->replicas[lane]);
        bool main = pool == &serving->pools[POOL_MAIN];
        if (scales && main && lane / lanes_of(pool) >= scenario->min_replicas) {
            item_of(serving, lane)->state = FLEET_OFF;
            set_open(serving, lane, false);
        } else {
            set_failure(serving, lane);
        }
        lane += lanes_of(pool);
    }
    if (scales) {
        timers_set(&serving->timers, scenario->scale_interval_s, TIMER_SCALE, 0, 0);
    }
}

double fleet_chips_s(const struct serving *serving, int kind)
{
    const struct pool *pool = &serving->pools[kind];
    double first_s = serving->outcome->first_arrival_s, end_s = serving->now_s;
    if (serving->fleet.items == NULL || kind != POOL_MAIN) {
        return (double)pool->chips * (end_s - first_s);
    }
    double sum_s = serving->fleet.chips_s;
    for (int32_t lane = 0; lane < pool->lane_count; lane += lanes_of(pool)) {
        const struct fleet_replica *item = &serving->fleet.items[lane];
        if (item->state != FLEET_OFF) {
            sum_s += fmax(end_s - fmax(item->since_s, first_s), 0) *
                     (double)pool->tiers.place.chips_per_replica;
        }
    }
    return sum_s;
}
