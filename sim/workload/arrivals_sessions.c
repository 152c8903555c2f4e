/* SPDX-License-Identifier: Apache-2.0 */
/* Recorded sessions of agents. Sessions start by a Poisson process; inside one, each agent
 * calls again when its call has ended and its think time (tools, people) has passed, so a slow
 * machine stretches a session. Sub-agents start at their recorded time. Rows are read where
 * they lie: only what is under way is kept. MODEL.md, "Serving: agents" */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/random.h"
#include "workload/arrivals_source.h"
#include "workload/ready_heap.h"
#include "workload/session_row.h"

static const int64_t SESSION_IDS = INT64_C(1) << 24; /* keep the sessions' block ids apart */
struct chain {                                       /* one agent of a session under way */
    double ready_s;
    int64_t offset, end; /* of its next row, and of its session, in the file */
    int64_t session;
    int32_t kept_tokens; /* of its context, since the last call */
    int32_t next_free;
};

struct sessions {
    const char *text;
    int64_t size;
    int64_t *starts; /* [count + 1] of sessions in the file */
    int64_t count, start_capacity;
    struct random_stream times;
    double next_start_s;
    int64_t begun, made;
    struct chain *chains;
    int64_t chain_count, chain_capacity;
    int32_t free_chain;
    struct ready_heap heap; /* of chains that wait to call */
    struct session_row row; /* read last */
};

static int64_t line_end(const struct sessions *sessions, int64_t offset)
{
    const char *end = memchr(sessions->text + offset, '\n', (size_t)(sessions->size - offset));
    return end == NULL ? sessions->size : end - sessions->text;
}

static bool refuse(const struct arrivals *arrivals, int64_t offset, const char *message,
                   struct error *error)
{
    const struct sessions *sessions = arrivals->state;
    int line = 1;
    for (const char *at = sessions->text; at < sessions->text + offset; at++) {
        line += *at == '\n';
    }
    return error_at(error, ERROR_INPUT, arrivals->scenario->trace, line, 0, "%s", message);
}

/* Reads the line at offset into sessions->row. */
static bool read_row(const struct arrivals *arrivals, int64_t offset, struct error *error)
{
    struct sessions *sessions = arrivals->state;
    const char *wrong = session_row_read(&sessions->row, sessions->text + offset,
                                         line_end(sessions, offset) - offset);
    return wrong == NULL || refuse(arrivals, offset, wrong, error);
}

static bool map_file(struct arrivals *arrivals, struct error *error)
{
    struct sessions *sessions = arrivals->state;
    const char *path = arrivals->scenario->trace;
    struct stat about = {0};
    int file = open(path, O_RDONLY);
    if (file < 0) {
        return error_at(error, ERROR_SYSTEM, path, 0, 0,
                        "the trace cannot be read; check the path");
    }
    if (fstat(file, &about) != 0 || about.st_size == 0) {
        close(file);
        return error_at(error, ERROR_INPUT, path, 1, 0, "the trace is empty");
    }
    void *text = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    if (text == MAP_FAILED) {
        return error_at(error, ERROR_SYSTEM, path, 0, 0,
                        "the trace cannot be mapped to memory");
    }
    sessions->text = text;
    sessions->size = about.st_size;
    return true;
}

static void add_start(struct arrivals *arrivals, int64_t offset)
{
    struct sessions *sessions = arrivals->state;
    sessions->starts = arena_grow(arrivals->arena, sessions->starts, sessions->count,
                                  &sessions->start_capacity, sizeof(int64_t));
    sessions->starts[sessions->count++] = offset;
}

/* Where each session begins: where the first field changes. All lines are looked at, so that
 * nothing is found wrong when the simulation is under way. */
static bool index_sessions(struct arrivals *arrivals, struct error *error)
{
    struct sessions *sessions = arrivals->state;
    size_t known = strlen(session_header);
    char last[SESSION_LINE] = "";
    if ((size_t)sessions->size < known || memcmp(sessions->text, session_header, known) != 0) {
        return refuse(arrivals, 0,
                      "the first line names other columns, expected trace_id, agent, "
                      "... hash_ranges of recorded sessions",
                      error);
    }
    for (int64_t at = line_end(sessions, 0) + 1; at < sessions->size;
         at = line_end(sessions, at) + 1) {
        if (!read_row(arrivals, at, error)) {
            return false;
        }
        if (sessions->count == 0 || strcmp(sessions->row.session, last) != 0) {
            add_start(arrivals, at);
            strcpy(last, sessions->row.session);
            if (sessions->row.number != 0) {
                return refuse(arrivals, at, "a session begins with a call whose seq is not 0",
                              error);
            }
        }
    }
    add_start(arrivals, sessions->size);
    sessions->count--;
    return sessions->count > 0 || refuse(arrivals, 0, "the trace has no sessions", error);
}

static bool open_sessions(struct arrivals *arrivals, struct error *error)
{
    const struct serving_scenario *scenario = arrivals->scenario;
    struct sessions *sessions = arena_alloc(arrivals->arena, sizeof *sessions);
    arrivals->state = sessions;
    sessions->free_chain = -1;
    random_init(&sessions->times, arrivals->seed, "serving sessions");
    if (!(scenario->rate_per_s * scenario->rate_scale > 0)) {
        return error_fill(error, ERROR_INPUT, "rate (of sessions) is %g, expected more than 0",
                          scenario->rate_per_s);
    }
    return map_file(arrivals, error) && index_sessions(arrivals, error);
}

static void push(struct arrivals *arrivals, int32_t chain)
{
    struct sessions *sessions = arrivals->state;
    ready_heap_push(&sessions->heap, arrivals->arena, sessions->chains[chain].ready_s, chain);
}

static void add_chain(struct arrivals *arrivals, const struct chain *made)
{
    struct sessions *sessions = arrivals->state;
    int32_t chain = sessions->free_chain;
    if (chain >= 0) {
        sessions->free_chain = sessions->chains[chain].next_free;
    } else {
        sessions->chains = arena_grow(arrivals->arena, sessions->chains, sessions->chain_count,
                                      &sessions->chain_capacity, sizeof(struct chain));
        chain = (int32_t)sessions->chain_count++;
    }
    sessions->chains[chain] = *made;
    push(arrivals, chain);
}

/* A session begins: its agents' first calls. */
static bool begin_session(struct arrivals *arrivals, struct error *error)
{
    struct sessions *sessions = arrivals->state;
    int64_t which = sessions->begun % sessions->count;
    int64_t end = sessions->starts[which + 1];
    for (int64_t at = sessions->starts[which]; at < end; at = line_end(sessions, at) + 1) {
        if (!read_row(arrivals, at, error)) {
            return false;
        }
        if (sessions->row.number == 0) {
            struct chain chain = {.ready_s = sessions->next_start_s + sessions->row.time_s,
                                  .offset = at,
                                  .end = end,
                                  .session = sessions->begun};
            add_chain(arrivals, &chain);
        }
    }
    sessions->begun++;
    sessions->next_start_s +=
        random_exponential(&sessions->times, 1 / (arrivals->scenario->rate_per_s *
                                                  arrivals->scenario->rate_scale));
    return true;
}

static bool make_call(struct arrivals *arrivals, int32_t index, struct arrival *arrival,
                      struct error *error)
{
    struct sessions *sessions = arrivals->state;
    const struct chain *chain = &sessions->chains[index];
    struct session_row *row = &sessions->row;
    if (!read_row(arrivals, chain->offset, error)) {
        return false;
    }
    sessions->made++;
    *arrival =
        (struct arrival){.time_s = chain->ready_s,
                         .session = chain->session,
                         .chain = index,
                         .input_tokens = row->input_tokens,
                         .output_tokens = row->output_tokens > 0 ? row->output_tokens : 1,
                         .block_tokens = SESSION_BLOCK_TOKENS};
    if (arrivals->scenario->agents == AGENTS_PREFIX_CACHE) {
        for (int32_t i = 0; i < row->range_count; i++) {
            row->ranges[i].first += chain->session * SESSION_IDS;
        }
        arrival->ranges = row->ranges;
        arrival->range_count = row->range_count;
        arrival->block_count = row->block_count;
    } else if (arrivals->scenario->agents == AGENTS_STATEFUL) {
        arrival->kept_tokens = chain->kept_tokens;
    }
    return true;
}

static bool next(struct arrivals *arrivals, struct arrival *arrival, struct error *error)
{
    const struct serving_scenario *scenario = arrivals->scenario;
    struct sessions *sessions = arrivals->state;
    int64_t all = sessions->count * scenario->loops;
    if (scenario->requests > 0 && sessions->made >= scenario->requests) {
        return false;
    }
    while (sessions->begun < all &&
           (sessions->heap.count == 0 ||
            sessions->next_start_s <= sessions->heap.items[0].time_s)) {
        if (!begin_session(arrivals, error)) {
            return false;
        }
    }
    return sessions->heap.count > 0 &&
           make_call(arrivals, ready_heap_pop(&sessions->heap).chain, arrival, error);
}

static void put_back(struct arrivals *arrivals, const struct arrival *arrival)
{
    ((struct sessions *)arrivals->state)->made--;
    push(arrivals, arrival->chain);
}

/* The next row of the same agent, which is read then; or -1. */
static int64_t next_row_of(struct arrivals *arrivals, const struct chain *chain)
{
    struct sessions *sessions = arrivals->state;
    struct error none = {.kind = ERROR_NONE};
    char agent[SESSION_LINE];
    if (!read_row(arrivals, chain->offset, &none)) {
        return -1;
    }
    strcpy(agent, sessions->row.agent);
    for (int64_t at = line_end(sessions, chain->offset) + 1; at < chain->end;
         at = line_end(sessions, at) + 1) {
        if (read_row(arrivals, at, &none) && strcmp(sessions->row.agent, agent) == 0) {
            return at;
        }
    }
    return -1;
}

static void completed(struct arrivals *arrivals, const struct arrival *arrival, double now_s)
{
    struct sessions *sessions = arrivals->state;
    struct chain *chain = &sessions->chains[arrival->chain];
    int64_t offset = next_row_of(arrivals, chain);
    if (offset < 0) { /* it was the last */
        chain->next_free = sessions->free_chain;
        sessions->free_chain = arrival->chain;
        return;
    }
    const struct session_row *row = &sessions->row;
    bool kept = row->think_s <= arrivals->scenario->state_ttl_s;
    chain->offset = offset;
    chain->ready_s = now_s + row->think_s;
    chain->kept_tokens = kept ? row->prefix_blocks * SESSION_BLOCK_TOKENS : 0;
    push(arrivals, arrival->chain);
}

static void close_sessions(struct arrivals *arrivals)
{
    struct sessions *sessions = arrivals->state;
    if (sessions != NULL && sessions->text != NULL) {
        munmap((void *)(uintptr_t)sessions->text, (size_t)sessions->size);
        sessions->text = NULL;
    }
}

const struct arrival_source arrivals_sessions = {.open = open_sessions,
                                                 .next = next,
                                                 .completed = completed,
                                                 .put_back = put_back,
                                                 .close = close_sessions,
                                                 .reorders = true};
