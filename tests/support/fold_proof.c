/* SPDX-License-Identifier: Apache-2.0 */
/* The folded run goes on beside the full one and leaves its spans in shared memory. */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include "support/fold_proof.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "execution/executor.h"
#include "program/exchanges.h"
#include "program/fold_job.h"
#include "support/support.h"

enum { SPANS_MAX = 1 << 22, LONGEST_S = 1500 };

struct tale {
    bool ran;
    char message[512];
    double time_s, part_s[PART_OF_TIME_COUNT];
    int64_t count;
    struct span spans[SPANS_MAX];
};

static struct tale *tale_create(void)
{
    struct tale *tale = mmap(NULL, sizeof *tale, PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert(tale != MAP_FAILED);
    return tale;
}

static void keep(void *argument, const struct span *span)
{
    struct tale *tale = argument;
    assert(tale->count < SPANS_MAX);
    tale->spans[tale->count++] = *span;
}

static int64_t key(const struct span *span)
{
    return ((int64_t)span->team << 40) | ((int64_t)span->instruction << 20) | (span->op + 1);
}

static int by_key(const void *a, const void *b)
{
    int64_t first = key(a), second = key(b);
    return (first > second) - (first < second);
}

static void tell(const struct job *job, bool coalesce, struct tale *tale)
{
    struct arena *arena = arena_create();
    struct executor_options options = {.detail = DETAIL_FLOW,
                                       .coalesce = coalesce,
                                       .trace_ops = true,
                                       .trace = keep,
                                       .trace_argument = tale};
    struct execution execution;
    struct error error = {0};
    tale->ran = executor_run(job, &options, &execution, arena, &error);
    memcpy(tale->message, error.message, sizeof tale->message);
    tale->time_s = execution.time_s;
    memcpy(tale->part_s, execution.part_s, sizeof tale->part_s);
    qsort(tale->spans, (size_t)tale->count, sizeof(struct span), by_key);
    arena_free(arena);
}

static void run_folded(const struct fold_proof *proof, struct tale *tale)
{
    struct arena *arena = arena_create();
    struct error error = {0};
    struct fold_report report;
    struct job *job = proof->make(proof->argument, arena);
    job = fold_job(job, proof->blindness, &report, &error);
    memcpy(tale->message, error.message, sizeof tale->message);
    if (job != NULL) {
        tell(job, proof->coalesce_folded, tale);
    }
    arena_free(arena);
}

/* The spans of one team in a sorted tale. */
static const struct span *spans_of(const struct tale *tale, int64_t team, int64_t *count)
{
    int64_t low = 0, high = tale->count;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (tale->spans[middle].team < team) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (high = low; high < tale->count && tale->spans[high].team == team;) {
        high++;
    }
    *count = high - low;
    return &tale->spans[low];
}

static int64_t place(const struct span *span)
{
    return ((int64_t)span->instruction << 20) | (span->op + 1);
}

/* A wait that is over at once may be left out of one tale. */
static bool short_wait(const struct span *span, double step_s)
{
    return span->end_s - span->start_s <= 1e-9 * step_s;
}

static bool same_span(const struct span *a, const struct span *b, double step_s)
{
    return fabs(a->start_s - b->start_s) <= 1e-9 * step_s &&
           fabs(a->end_s - b->end_s) <= 1e-9 * step_s;
}

static bool differ(const struct fold_proof *proof, const struct span *full,
                   const struct span *folded)
{
    if (!proof->quiet) {
        printf("\n    team %d, instruction %d, op %d: %.12g to %.12g s, folded team %d, "
               "instruction %d, op %d: %.12g to %.12g s",
               full->team, full->instruction, full->op, full->start_s, full->end_s,
               folded->team, folded->instruction, folded->op, folded->start_s, folded->end_s);
    }
    return false;
}

static bool same_team(const struct fold_proof *proof, const struct tale *const tales[2],
                      const int64_t teams[2])
{
    int64_t counts[2], at[2] = {0, 0};
    const struct span *full = spans_of(tales[0], teams[0], &counts[0]);
    const struct span *folded = spans_of(tales[1], teams[1], &counts[1]);
    double step_s = tales[0]->time_s;
    while (at[0] < counts[0] || at[1] < counts[1]) {
        const struct span *one = &full[at[0]], *other = &folded[at[1]];
        bool first = at[1] == counts[1] || (at[0] < counts[0] && place(one) < place(other));
        bool second = at[0] == counts[0] || (at[1] < counts[1] && place(other) < place(one));
        if (first || second) {
            if (!short_wait(first ? one : other, step_s)) {
                return differ(proof, first ? one : other, first ? one : other);
            }
            at[0] += first;
            at[1] += second;
            continue;
        }
        if (!same_span(one, other, step_s)) {
            return differ(proof, one, other);
        }
        at[0]++;
        at[1]++;
    }
    return counts[0] > 0;
}

static bool same_sums(const struct fold_proof *proof, const struct tale *full,
                      const struct tale *folded)
{
    bool same = fabs(full->time_s - folded->time_s) <= 1e-9 * full->time_s;
    for (int p = 0; p < PART_OF_TIME_COUNT; p++) {
        same &= fabs(full->part_s[p] - folded->part_s[p]) <= 1e-9 * full->time_s;
    }
    if (!same && !proof->quiet) {
        printf("\n    the spans are equal, the sums are not: %.12g and %.12g s", full->time_s,
               folded->time_s);
    }
    return same;
}

static bool compare(struct fold_proof *proof, const struct tale *full,
                    const struct tale *folded)
{
    struct arena *arena = arena_create();
    struct error error = {0};
    struct job *job = proof->make(proof->argument, arena);
    struct fold_report report;
    fold_job(job, proof->blindness, &report, &error);
    bool same = true;
    proof->teams = job->team_count;
    proof->classes = report.team_classes;
    proof->flow_classes = report.flow_classes;
    proof->gave_up = report.flows_differ;
    proof->spans = full->count;
    proof->full_s = full->time_s;
    proof->folded_s = folded->time_s;
    for (int64_t t = 0; same && t < job->team_count; t++) {
        same = same_team(proof, (const struct tale *const[]){full, folded},
                         (int64_t[]){t, report.team_class[t]});
    }
    same = same && same_sums(proof, full, folded);
    arena_free(arena);
    return same;
}

struct errand {
    struct fold_proof *proof, *result;
};

/* In a child: runs the full job here and the folded one beside. */
static int prove(void *argument)
{
    struct errand *errand = argument;
    struct fold_proof *proof = errand->proof;
    struct arena *arena = arena_create();
    struct error error = {0};
    struct job *job = proof->make(proof->argument, arena);
    if (job == NULL || !exchanges_plan_all(job, &error)) {
        return FOLD_NOTHING;
    }
    struct tale *full = tale_create(), *folded = tale_create();
    fflush(NULL);
    pid_t beside = fork();
    if (beside == 0) {
        alarm(LONGEST_S);
        run_folded(proof, folded);
        _exit(0);
    }
    tell(job, proof->coalesce_full, full);
    arena_free(arena);
    int status = -1;
    waitpid(beside, &status, 0);
    if (!full->ran || !folded->ran || status != 0) {
        if (!proof->quiet) {
            printf("\n    full: %s; folded: %s; its process: %d",
                   full->ran ? "ran" : full->message, folded->ran ? "ran" : folded->message,
                   status);
        }
        return FOLD_CRASHED;
    }
    bool same = compare(proof, full, folded);
    *errand->result = *proof;
    return same ? FOLD_EQUAL : FOLD_DIFFERENT;
}

enum fold_verdict fold_prove(struct fold_proof *proof)
{
    struct fold_proof *result =
        mmap(NULL, sizeof *result, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert(result != MAP_FAILED);
    struct errand errand = {proof, result};
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        alarm(LONGEST_S);
        int verdict = prove(&errand);
        fflush(NULL);
        _exit(verdict);
    }
    int status = -1;
    waitpid(child, &status, 0);
    enum fold_verdict verdict =
        WIFEXITED(status) ? (enum fold_verdict)WEXITSTATUS(status) : FOLD_CRASHED;
    if (verdict == FOLD_EQUAL || verdict == FOLD_DIFFERENT) {
        *proof = *result;
    }
    munmap(result, sizeof *result);
    return verdict;
}
