/* SPDX-License-Identifier: Apache-2.0 */
/* The child writes into memory that it shares with the parent. */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include "support/outcome.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "support/support.h"

struct errand {
    const struct job *job;
    struct outcome_way way;
    struct outcome *outcome;
};

static void keep(void *argument, const struct span *span)
{
    struct outcome *outcome = argument;
    assert(outcome->span_count < OUTCOME_NUMBERS);
    outcome->spans[outcome->span_count++] = *span;
}

static int by_place(const void *a, const void *b)
{
    const struct span *first = a, *second = b;
    if (first->team != second->team) {
        return first->team < second->team ? -1 : 1;
    }
    return (first->instruction > second->instruction) -
           (first->instruction < second->instruction);
}

static void copy(const struct job *job, const struct execution *execution,
                 struct outcome *outcome)
{
    outcome->time_s = execution->time_s;
    memcpy(outcome->part_s, execution->part_s, sizeof outcome->part_s);
    outcome->activities = execution->activities;
    outcome->transfers = execution->transfers;
    outcome->op_count = executor_op_place(job, (int32_t)job->sequence_count);
    outcome->pair_count = job->network.wiring.pair_count;
    assert(outcome->op_count <= OUTCOME_NUMBERS && outcome->pair_count <= OUTCOME_NUMBERS);
    size_t ops = (size_t)outcome->op_count * sizeof(double);
    memcpy(outcome->op_s, execution->op_s, ops);
    memcpy(outcome->op_times, execution->op_count, ops);
    memcpy(outcome->pair_bytes, execution->pair_bytes,
           (size_t)outcome->pair_count * sizeof(double));
    qsort(outcome->spans, (size_t)outcome->span_count, sizeof(struct span), by_place);
}

static int run(void *argument)
{
    struct errand *errand = argument;
    struct outcome *outcome = errand->outcome;
    struct arena *arena = arena_create();
    struct executor_options options = {.detail = errand->way.detail,
                                       .coalesce = errand->way.coalesce,
                                       .trace = keep,
                                       .trace_argument = outcome};
    struct execution execution;
    struct error error = {0};
    outcome->ran = executor_run(errand->job, &options, &execution, arena, &error);
    memcpy(outcome->message, error.message, sizeof outcome->message);
    if (outcome->ran) {
        copy(errand->job, &execution, outcome);
    }
    arena_free(arena);
    return 0;
}

const struct outcome *outcome_of(const struct job *job, struct outcome_way way)
{
    static struct outcome *outcomes[2];
    static int next;
    struct outcome **outcome = &outcomes[next++ % 2];
    if (*outcome != NULL) {
        munmap(*outcome, sizeof **outcome);
    }
    *outcome =
        mmap(NULL, sizeof **outcome, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert(*outcome != MAP_FAILED);
    struct errand errand = {job, way, *outcome};
    CU_ASSERT_FATAL(in_child(run, &errand));
    return *outcome;
}
