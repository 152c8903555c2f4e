/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and values of a complete prompt go to the replica that decodes, all but the last layer
 * while the prompt is computed; the prefill replica holds its blocks until they are there. */
#include "serving/context_parts.h"

#include <math.h>

#include "serving/replica_blocks.h"
#include "serving/serving_requests.h"

static struct kv_end end_of(const struct pool *pool, const struct replica *replica)
{
    int64_t chips = pool->tiers.place.chips_per_replica;
    return (struct kv_end){pool->platform,
                           pool->first_chip + context_number(pool, replica) * chips, chips};
}

static double token_bytes(const struct serving *serving)
{
    return fmin(serving->pools[POOL_MAIN].tiers.place.token_bytes,
                serving->pools[POOL_PREFILL].tiers.place.token_bytes);
}

static void send(struct serving *serving, int32_t request, int32_t from, int32_t to,
                 double bytes)
{
    const struct replica *source = &serving->replicas[from], *target = &serving->replicas[to];
    struct kv_end ends[2] = {end_of(serving_pool_of(serving, source), source),
                             end_of(serving_pool_of(serving, target), target)};
    struct transfer_way way = kv_ways_between(&serving->ways, &ends[0], &ends[1]);
    serving->kv_moved_bytes += bytes;
    transfers_start(&serving->transfers, serving->now_s, &way, bytes, TRANSFER_KV, request);
}

static double prompt_bytes(const struct serving *serving, const struct request *item)
{
    return (double)(replica_blocks_target(item) - (item->away > 0)) * token_bytes(serving);
}

/* The last layer is sent when the prompt is complete, the others while it is computed. */
static double last_share(const struct serving *serving)
{
    return 1 / (double)serving->scenario->model->layers;
}

double context_handover_s(struct serving *serving, const struct replica *target, int64_t tokens)
{
    const struct pool *prefill = &serving->pools[POOL_PREFILL];
    struct kv_end ends[2] = {end_of(prefill, &prefill->replicas[0]),
                             end_of(&serving->pools[POOL_MAIN], target)};
    struct transfer_way way = kv_ways_between(&serving->ways, &ends[0], &ends[1]);
    double share = serving->scenario->serving.kv_overlap ? last_share(serving) : 1;
    return transfers_estimate_s(&serving->transfers, &way,
                                (double)tokens * token_bytes(serving) * share);
}

void context_handover_admitted(struct serving_engine *engine, struct replica *replica,
                               int32_t request)
{
    struct serving *serving = engine->owner;
    struct request *item = request_at(engine->pool, request);
    if (!engine->scenario->kv_overlap || item->output_tokens == 1 || item->from >= 0) {
        return;
    }
    int32_t from = replica->index;
    struct replica *target = router_assign(&serving->pools[POOL_MAIN].router, item);
    if (target == NULL) {
        return;
    }
    item->lane = target->index;
    item->from = from;
    item->stream = STREAM_SENDING;
    send(serving, request, from, item->lane,
         prompt_bytes(serving, item) * (1 - last_share(serving)));
}

void context_handover_prefilled(struct serving_engine *engine, struct replica *replica,
                                int32_t request)
{
    struct serving *serving = engine->owner;
    struct request *item = request_at(engine->pool, request);
    item->away = (int32_t)replica_blocks_target(item) - 1;
    item->whole = true;
    item->source = SOURCE_REMOTE;
    serving->kv_wait_s -= serving->now_s;
    router_ended(&serving_pool_of(serving, replica)->router, replica);
    if (item->stream == STREAM_NONE) {
        item->from = replica->index;
        serving_requests_deliver(serving, &serving->pools[POOL_MAIN], request);
    } else {
        serving_requests_enqueue(serving, &serving->replicas[item->lane], request);
    }
}

void context_handover_bring(struct serving *serving, int32_t request)
{
    struct request *item = request_at(&serving->requests, request);
    double share = item->stream == STREAM_SENT ? last_share(serving) : 1;
    item->parts = 1;
    send(serving, request, item->from, item->lane, prompt_bytes(serving, item) * share);
}

/* The prefill replica has no more use for the prompt's blocks. */
void context_handover_release(struct serving *serving, struct request *item)
{
    struct replica *from = &serving->replicas[item->from];
    struct pool *pool = serving_pool_of(serving, from);
    serving_requests_take_levels(serving, from);
    replica_blocks_release(&pool->engine, from, item, item->away);
    from->held_count--;
    item->from = REQUEST_NONE;
    item->stream = STREAM_NONE;
    serving_requests_wake(serving, from);
    serving_requests_put_levels(serving, from);
}
