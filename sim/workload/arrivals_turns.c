/* SPDX-License-Identifier: Apache-2.0 */
/* Drawn conversations: their first prompts come as drawn requests do; a later one comes when
 * somebody has thought about the answer, and begins with all that was said before. Prompts of
 * a conversation share blocks, and all prompts may begin with instructions that conversations
 * share. Nothing is kept of conversations that have ended. MODEL.md, "Serving: load" */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "workload/arrivals_source.h"
#include "workload/lengths.h"
#include "workload/ready_heap.h"

/* Block ids: of a conversation's own blocks, of shared ones, each with room for so many. */
static const int64_t CONVERSATION_IDS = INT64_C(1) << 26, SHARED_IDS = INT64_C(1) << 61;
static const int32_t MOST_TOKENS = 1 << 26;

struct conversation {
    int64_t number, shared; /* shared: which of the shared beginnings */
    int32_t turns_left;
    int32_t input_tokens, output_tokens; /* of its last request, or of the next */
    int32_t kept_tokens, next_free;
};

struct turns {
    struct arrivals first; /* its requests begin the conversations */
    struct lengths turns, tokens, think, output;
    struct random_stream stream;
    struct conversation *items;
    int64_t count, capacity, begun, made;
    int32_t free;
    struct ready_heap heap; /* of conversations whose next prompt has its time */
    struct arrival opening; /* the next conversation's first request */
    bool opens;
    struct block_range ranges[2];
};

static bool read(const char *key, const char *text, struct lengths *lengths,
                 struct arrivals *arrivals, struct error *error)
{
    struct error cause = {.kind = ERROR_NONE};
    return lengths_read(text, lengths, arrivals->arena, &cause) ||
           error_fill(error, ERROR_INPUT, "%s %.600s", key, cause.message);
}

static bool peek(struct turns *turns, struct error *error)
{
    turns->opens = arrivals_drawn.next(&turns->first, &turns->opening, error);
    return turns->opens || error->kind == ERROR_NONE;
}

/* Requests come at the scenario's rate when conversations begin at that over their turns. */
static bool open(struct arrivals *arrivals, struct error *error)
{
    const struct serving_scenario *scenario = arrivals->scenario;
    struct turns *turns = arena_alloc(arrivals->arena, sizeof *turns);
    arrivals->state = turns;
    turns->free = -1;
    random_init(&turns->stream, arrivals->seed, "serving turns");
    if (scenario->arrivals == ARRIVALS_CLOSED && strcmp(scenario->turns, "1") != 0) {
        return error_fill(error, ERROR_INPUT,
                          "turns is %.100s and arrivals is closed, but conversations think; "
                          "choose other arrivals, or turns: 1",
                          scenario->turns);
    }
    if (!read("turns", scenario->turns, &turns->turns, arrivals, error) ||
        !read("turn_tokens", scenario->turn_tokens, &turns->tokens, arrivals, error) ||
        !read("think", scenario->think, &turns->think, arrivals, error) ||
        !read("output_tokens", scenario->output_tokens, &turns->output, arrivals, error)) {
        return false;
    }
    struct serving_scenario *conversations =
        arena_alloc(arrivals->arena, sizeof *conversations);
    *conversations = *scenario;
    conversations->rate_per_s /= lengths_mean(&turns->turns);
    turns->first = *arrivals;
    turns->first.scenario = conversations;
    turns->first.state = NULL;
    return arrivals_drawn.open(&turns->first, error) && peek(turns, error);
}

static int32_t draw(struct turns *turns, const struct lengths *lengths)
{
    return lengths_at(lengths, random_uniform(&turns->stream));
}

/* The next conversation begins. */
static int32_t begin(struct arrivals *arrivals)
{
    struct turns *turns = arrivals->state;
    int32_t index = turns->free;
    if (index >= 0) {
        turns->free = turns->items[index].next_free;
    } else {
        turns->items = arena_grow(arrivals->arena, turns->items, turns->count, &turns->capacity,
                                  sizeof *turns->items);
        index = (int32_t)turns->count++;
    }
    double share = random_uniform(&turns->stream);
    turns->items[index] = (struct conversation){
        .number = turns->begun++,
        .shared = (int64_t)(share * (double)arrivals->scenario->shared_prefixes),
        .turns_left = draw(turns, &turns->turns),
        .input_tokens = turns->opening.input_tokens,
        .output_tokens = turns->opening.output_tokens};
    return index;
}

/* Ids of the whole blocks: first those of the shared beginning, then its own. */
static void give_blocks(const struct arrivals *arrivals, const struct conversation *item,
                        struct arrival *arrival)
{
    struct turns *turns = arrivals->state;
    int64_t size = arrivals->scenario->block_tokens, blocks = item->input_tokens / size;
    int64_t shared = arrivals->scenario->shared_tokens / size;
    shared = shared < blocks ? shared : blocks;
    turns->ranges[0] =
        (struct block_range){SHARED_IDS + item->shared * CONVERSATION_IDS, (int32_t)shared};
    turns->ranges[1] =
        (struct block_range){item->number * CONVERSATION_IDS, (int32_t)(blocks - shared)};
    arrival->ranges = turns->ranges;
    arrival->range_count = 2;
    arrival->block_tokens = (int32_t)size;
    arrival->block_count = (int32_t)blocks;
}

static void make(const struct arrivals *arrivals, int32_t index, double time_s,
                 struct arrival *arrival)
{
    struct turns *turns = arrivals->state;
    struct conversation *item = &turns->items[index];
    turns->made++;
    item->turns_left--;
    *arrival = (struct arrival){.time_s = time_s,
                                .session = item->number,
                                .chain = index,
                                .input_tokens = item->input_tokens,
                                .output_tokens = item->output_tokens};
    if (arrivals->scenario->agents == AGENTS_PREFIX_CACHE) {
        give_blocks(arrivals, item, arrival);
    } else if (arrivals->scenario->agents == AGENTS_STATEFUL) {
        arrival->kept_tokens = item->kept_tokens;
    }
}

static bool next(struct arrivals *arrivals, struct arrival *arrival, struct error *error)
{
    struct turns *turns = arrivals->state;
    const struct ready_heap *heap = &turns->heap;
    int64_t wanted = arrivals->scenario->requests;
    if (wanted > 0 && turns->made >= wanted) {
        return false;
    }
    bool goes_on =
        heap->count > 0 && (!turns->opens || heap->items[0].time_s < turns->opening.time_s);
    if (goes_on) {
        struct ready_chain ready = ready_heap_pop(&turns->heap);
        make(arrivals, ready.chain, ready.time_s, arrival);
        return true;
    }
    if (!turns->opens) {
        return false;
    }
    make(arrivals, begin(arrivals), turns->opening.time_s, arrival);
    return peek(turns, error);
}

static void put_back(struct arrivals *arrivals, const struct arrival *arrival)
{
    struct turns *turns = arrivals->state;
    turns->made--;
    turns->items[arrival->chain].turns_left++;
    ready_heap_push(&turns->heap, arrivals->arena, arrival->time_s, arrival->chain);
}

/* What was said, and what is said now, is the next prompt. */
static void completed(struct arrivals *arrivals, const struct arrival *arrival, double now_s)
{
    struct turns *turns = arrivals->state;
    struct conversation *item = &turns->items[arrival->chain];
    int64_t said = (int64_t)item->input_tokens + item->output_tokens;
    if (arrivals->scenario->arrivals == ARRIVALS_CLOSED) {
        arrivals_drawn.completed(&turns->first, arrival, now_s);
        struct error none = {.kind = ERROR_NONE};
        if (!turns->opens) {
            peek(turns, &none);
        }
    }
    if (item->turns_left <= 0 || said >= MOST_TOKENS / 2) {
        item->next_free = turns->free;
        turns->free = arrival->chain;
        return;
    }
    double think_s = draw(turns, &turns->think);
    item->kept_tokens = think_s <= arrivals->scenario->state_ttl_s ? (int32_t)said : 0;
    int64_t input = said + draw(turns, &turns->tokens);
    item->input_tokens = (int32_t)(input < MOST_TOKENS ? input : MOST_TOKENS);
    item->output_tokens = draw(turns, &turns->output);
    ready_heap_push(&turns->heap, arrivals->arena, now_s + think_s, arrival->chain);
}

static void close(struct arrivals *arrivals)
{
    struct turns *turns = arrivals->state;
    if (turns != NULL) {
        arrivals_drawn.close(&turns->first);
    }
}

const struct arrival_source arrivals_turns = {.open = open,
                                              .next = next,
                                              .completed = completed,
                                              .put_back = put_back,
                                              .close = close,
                                              .reorders = true};
