/* SPDX-License-Identifier: Apache-2.0 */
/* Two jobs side by side on one fabric fold as exactly as one. */
#include <stdio.h>

#include "base/random.h"
#include "hardware/detours.h"
#include "program/merge.h"
#include "support/fold_proof.h"
#include "support/fold_servers.h"
#include "support/support.h"

enum { SHARED_CASES = 40 };

/* Two jobs on 16 servers: TP 2 x PP 2 beside TP 4, the second does its step twice. */
static struct job *shared(void *argument, struct arena *arena)
{
    struct change change = {1, 7};
    struct platform *whole = fold_servers(&change, 16, 4, arena);
    struct platform *half = arena_alloc(arena, sizeof *half);
    *half = *whole;
    half->domain_count = 8;
    struct merge_part parts[] = {{fold_training(half, 2, 2, 0, arena), 0, 1},
                                 {fold_training(half, 4, 1, 0, arena), 1, 2}};
    int32_t program_end[2];
    enum merge_layout layout = *(enum merge_layout *)argument;
    return merge_jobs(whole, layout, 2, parts, 2, program_end, arena);
}

static void side_by_side(void)
{
    for (int l = 0; l < MERGE_LAYOUT_COUNT; l++) {
        enum merge_layout layout = (enum merge_layout)l;
        struct fold_proof proof = {.make = shared, .argument = &layout};
        CU_ASSERT(fold_prove(&proof) == FOLD_EQUAL);
        CU_ASSERT(proof.classes < proof.teams);
    }
}

/* The same drawn: plans, layouts, up to two links slow or dead. */
static struct job *shared_drawn(void *argument, struct arena *arena)
{
    static const double factors[] = {0.5, 0.3, 0};
    static const int64_t degrees[][3] = {{2, 2, 0}, {4, 1, 0}, {1, 2, 0}, {2, 1, 0}, {1, 1, 4}};
    struct random_stream stream;
    random_init(&stream, (uint64_t) * (const int64_t *)argument, "sharing");
    struct change change = {1, 1 + 6 * (double)random_below(&stream, 2)};
    struct platform *whole = fold_servers(&change, 8, 4, arena);
    struct platform *half = arena_alloc(arena, sizeof *half);
    *half = *whole;
    half->domain_count = 4;
    struct merge_part parts[2];
    for (int64_t i = 0; i < 2; i++) {
        const int64_t *degree = degrees[random_below(&stream, 5)];
        parts[i] =
            (struct merge_part){fold_training(half, degree[0], degree[1], degree[2], arena), i,
                                1 + random_below(&stream, 2)};
    }
    struct link_defect *defects = arena_array(arena, 2, sizeof *defects);
    for (int64_t i = 0; i < 2; i++) {
        int64_t domain = 4 * i + random_below(&stream, 4); /* ascending */
        defects[i].link = domain * whole->link_count + random_below(&stream, whole->link_count);
        defects[i].factor = factors[random_below(&stream, 3)];
    }
    whole->defects = defects;
    whole->defect_count = 1 + random_below(&stream, 2);
    whole->detours = detours_find(whole, arena);
    int32_t program_end[2];
    enum merge_layout layout = (enum merge_layout)random_below(&stream, MERGE_LAYOUT_COUNT);
    return merge_jobs(whole, layout, 2, parts, 2, program_end, arena);
}

static void side_by_side_degraded(void)
{
    int64_t proven = 0;
    for (int64_t number = 1; number <= SHARED_CASES; number++) {
        struct fold_proof proof = {.make = shared_drawn, .argument = &number};
        enum fold_verdict verdict = fold_prove(&proof);
        CU_ASSERT(verdict == FOLD_EQUAL || verdict == FOLD_NOTHING); /* dead: no way left */
        proven += verdict == FOLD_EQUAL;
    }
    CU_ASSERT(proven > SHARED_CASES * 3 / 4);
}

void suite_fold_beside(void)
{
    static const struct test tests[] = {
        {"in blocks, domains and chips", side_by_side},
        {"with degraded links, drawn", side_by_side_degraded},
    };
    add_suite("fold_beside", tests, sizeof tests / sizeof tests[0]);
}
