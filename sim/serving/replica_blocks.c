/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of the prompt that have ids are shared; the others, and those of the answer, are the
 * request's own. */
#include "serving/replica_blocks.h"

#include "serving/decode_set.h"

static int64_t blocks_of(const struct serving_engine *engine, int64_t tokens)
{
    int64_t size = engine->scenario->block_tokens;
    return (tokens + size - 1) / size;
}

/* Size in blocks of the index-th prompt block of a request. */
static int32_t piece_size(const struct serving_engine *engine, const struct request *request,
                          int64_t index)
{
    int64_t start = index * request->block_tokens;
    int64_t end = start + request->block_tokens;
    end = end < request->input_tokens ? end : request->input_tokens;
    return (int32_t)(blocks_of(engine, end) - blocks_of(engine, start));
}

static bool shares(const struct serving_engine *engine, const struct request *request)
{
    return engine->scenario->prefix_caching && request->block_count > 0;
}

/* Prompt tokens that ids stand for: all, or all but the partial last block. */
static int64_t shared_tokens(const struct serving_engine *engine, const struct request *request)
{
    int64_t covered = (int64_t)request->block_count * request->block_tokens;
    if (!shares(engine, request)) {
        return 0;
    }
    return covered < request->input_tokens ? covered : request->input_tokens;
}

/* Blocks that belong to the request alone: all, or those after the shared ones. */
static int64_t replica_blocks_own(const struct serving_engine *engine,
                                  const struct request *request, int64_t context)
{
    int64_t shared = blocks_of(engine, shared_tokens(engine, request));
    int64_t all = blocks_of(engine, context);
    return all > shared ? all - shared : 0;
}

/* Blocks that are kept free for the rest of the answer. */
static int64_t future_blocks(const struct serving_engine *engine, const struct request *request,
                             int64_t context)
{
    int64_t end = (int64_t)request->input_tokens + request->output_tokens;
    return engine->scenario->admission == ADMISSION_ANSWER && end > context
               ? replica_blocks_own(engine, request, end) -
                     replica_blocks_own(engine, request, context)
               : 0;
}

void replica_blocks_release(struct serving_engine *engine, struct replica *replica,
                            const struct request *request, int64_t context)
{
    int64_t future = future_blocks(engine, request, context);
    replica->reserved -= future;
    replica->cache.freed_count += future; /* for those that look for room */
    kv_cache_give(&replica->cache, replica_blocks_own(engine, request, context));
    if (!shares(engine, request)) {
        return;
    }
    struct block_walk walk;
    int64_t id;
    block_walk_init(&walk, engine->pool, request);
    while (block_walk_next(&walk, &id)) {
        kv_cache_release(&replica->cache, id);
    }
}

/* Positions that a request must have before its next token: prompt and what it has said. */
int64_t replica_blocks_target(const struct request *request)
{
    return (int64_t)request->input_tokens + request->generated;
}

/* Prompt blocks of a request that are stored, from the first on; and what holding all of them
 * takes from the room. */
static int64_t match(const struct serving_engine *engine, const struct replica *replica,
                     const struct request *request, int64_t *cost)
{
    struct block_walk walk;
    int64_t id, index = 0, found = 0;
    bool leading = true;
    block_walk_init(&walk, engine->pool, request);
    while (block_walk_next(&walk, &id)) {
        leading = leading && kv_cache_has(&replica->cache, id);
        found += leading;
        *cost += kv_cache_hold_cost(&replica->cache, id, piece_size(engine, request, index));
        index++;
    }
    return found;
}

static void hold_blocks(struct serving_engine *engine, struct replica *replica,
                        const struct request *request)
{
    struct block_walk walk;
    int64_t id, index = 0;
    block_walk_init(&walk, engine->pool, request);
    while (block_walk_next(&walk, &id)) {
        kv_cache_hold(&replica->cache, id, piece_size(engine, request, index++));
    }
}

void replica_blocks_trim(struct serving_engine *engine, struct replica *replica,
                         const struct request *request)
{
    int64_t target = replica_blocks_target(request);
    replica->reserved +=
        future_blocks(engine, request, target - 1) - future_blocks(engine, request, target);
    kv_cache_give(&replica->cache, replica_blocks_own(engine, request, target) -
                                       replica_blocks_own(engine, request, target - 1));
}

/* Positions [from, to) have been filled: for the first time, or once more. */
void replica_blocks_count(struct serving_engine *engine, struct request *request, int64_t from,
                          int64_t to, enum filling by)
{
    int64_t prompt_end = to < request->input_tokens ? to : request->input_tokens;
    int64_t prompt_start = from > request->reached ? from : request->reached;
    int64_t first = prompt_end > prompt_start ? prompt_end - prompt_start : 0;
    if (by != FILL_COMPUTED) {
        engine->totals.cached += first;
        request->cached_tokens += (int32_t)first;
        engine->totals.cache_hit_tokens += by == FILL_CACHE ? first : 0;
        engine->totals.cache_hit_blocks += by == FILL_CACHE ? blocks_of(engine, first) : 0;
    } else {
        engine->totals.prefilled += first;
        engine->totals.recomputed += to - from - first;
    }
    if (prompt_end > request->reached) {
        request->reached = (int32_t)prompt_end;
    }
}

/* Takes the blocks of all positions up to the request's next token's, and finds what is stored
 * of them. False when there is no room. */
bool replica_blocks_take(struct serving_engine *engine, struct replica *replica, int32_t index)
{
    struct request *request = request_at(engine->pool, index);
    int64_t own = replica_blocks_own(engine, request, replica_blocks_target(request)),
            cost = own, found = 0;
    bool shared = shares(engine, request);
    if (shared) {
        found = match(engine, replica, request, &cost);
    }
    int64_t future = future_blocks(engine, request, replica_blocks_target(request));
    bool answers = engine->scenario->admission == ADMISSION_ANSWER;
    int64_t promised = /* to the next step of those that decode */
        replica->decode_count > 0 && !answers
            ? replica->block_needs[decode_set_remainder(engine, replica->step)]
            : 0;
    int64_t lacking = cost + future + replica->reserved - kv_cache_available(&replica->cache);
    if (lacking + promised > 0) {
        replica->hesitates = lacking <= 0; /* a step later there may be room */
        replica->blocked = index;
        replica->blocked_until = replica->cache.freed_count + lacking;
        return false;
    }
    if (shared) {
        hold_blocks(engine, replica, request);
        if (request->admitted_s < 0) {
            engine->totals.hit_blocks += found;
            engine->totals.prompt_blocks += request->block_count;
        }
        int64_t most =
            replica_blocks_target(request) - 1; /* the last token is always computed */
        int64_t cached = found * request->block_tokens;
        cached = cached < request->input_tokens ? cached : request->input_tokens;
        request->prefilled = (int32_t)(cached < most ? cached : most);
        replica_blocks_count(engine, request, 0, request->prefilled, FILL_CACHE);
    }
    if (engine->find != NULL && request->away == 0) {
        int64_t away = engine->find(engine, replica, index);
        request->away = away > request->prefilled ? (int32_t)away : 0;
    }
    kv_cache_take(&replica->cache, own);
    replica->reserved += future;
    return true;
}
