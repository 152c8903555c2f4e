/* SPDX-License-Identifier: Apache-2.0 */
/* Folding is exact: every operation of every team starts and ends in the folded run when it
 * does in the full one, on drawn machines with drawn plans, mixes of exchanges and defects; and
 * the proof notices when folding leaves something out. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/fold_case.h"
#include "support/fold_proof.h"
#include "support/fold_servers.h"
#include "support/support.h"

enum { CASES = 300, LARGE_CASES = 6, BLIND_CASES = 60, IMPATIENT_CASES = 60 };

static struct job *drawn(void *argument, struct arena *arena)
{
    return fold_case_job(argument, arena);
}

static enum fold_verdict prove_case(struct fold_case *fold_case, struct fold_proof *proof)
{
    *proof = (struct fold_proof){.make = drawn,
                                 .argument = fold_case,
                                 .blindness = proof->blindness,
                                 .coalesce_full = fold_case->number % 3 != 0,
                                 .coalesce_folded = fold_case->number % 2 != 0,
                                 .quiet = proof->quiet};
    return fold_prove(proof);
}

static void report(const struct fold_case *fold_case, enum fold_verdict verdict)
{
    if (verdict == FOLD_DIFFERENT || verdict == FOLD_CRASHED) {
        struct fold_case said = *fold_case;
        struct arena *arena = arena_create();
        fold_case_job(&said, arena);
        printf("\n    case %lld: %s", (long long)said.number, said.text);
        arena_free(arena);
    }
}

/* TRNSIM_FOLD_CASES=FIRST:COUNT looks at others, and at nothing else. */
static void small_cases(void)
{
    int64_t first = 1, count = CASES, proven = 0, teams = 0, classes = 0;
    int64_t partly = 0, planes = 0, dead = 0, kinds = 0;
    const char *wanted = getenv("TRNSIM_FOLD_CASES");
    if (wanted != NULL) {
        char *rest;
        first = strtoll(wanted, &rest, 10);
        count = *rest == ':' ? strtoll(rest + 1, NULL, 10) : 1;
    }
    for (int64_t number = first; proven < count && number < first + 2 * count; number++) {
        struct fold_case fold_case = {.number = number, .narrow = number % 2 == 0};
        struct fold_proof proof = {.blindness = FOLD_SEES_ALL};
        enum fold_verdict verdict = prove_case(&fold_case, &proof);
        report(&fold_case, verdict);
        CU_ASSERT(verdict == FOLD_EQUAL || verdict == FOLD_NOTHING);
        proven += verdict == FOLD_EQUAL;
        teams += proof.teams;
        classes += proof.classes;
        if (verdict == FOLD_EQUAL) {
            struct arena *arena = arena_create();
            fold_case_job(&fold_case, arena);
            arena_free(arena);
            partly += fold_case.partly;
            planes += fold_case.planes;
            dead += fold_case.dead;
            kinds += fold_case.second_kind;
        }
    }
    printf("\n    %lld cases, %lld teams in %lld classes; %lld partly filled, %lld with planes "
           "that differ, %lld with dead chips, %lld with two kinds",
           (long long)proven, (long long)teams, (long long)classes, (long long)partly,
           (long long)planes, (long long)dead, (long long)kinds);
    CU_ASSERT(proven == count);
    CU_ASSERT(wanted != NULL || classes < teams * 9 / 10);
    CU_ASSERT(wanted != NULL || (5 * partly > count && 8 * planes > count && 8 * dead > count &&
                                 10 * kinds > count));
}

static void large_cases(void)
{
    for (int64_t number = 1001; number <= 1000 + LARGE_CASES; number++) {
        struct fold_case fold_case = {
            .number = number, .narrow = number % 2 == 0, .large = true};
        struct fold_proof proof = {.blindness = FOLD_SEES_ALL};
        enum fold_verdict verdict = prove_case(&fold_case, &proof);
        report(&fold_case, verdict);
        CU_ASSERT(verdict == FOLD_EQUAL || verdict == FOLD_NOTHING);
    }
}

/* Given up early, folding is as exact: what it could not look at is run one by one. */
static void given_up(void)
{
    int64_t gave_up = 0;
    for (int64_t number = 1; number <= IMPATIENT_CASES; number++) {
        struct fold_case fold_case = {.number = number, .narrow = number % 2 == 0};
        struct fold_proof proof = {.blindness = FOLD_IMPATIENT};
        enum fold_verdict verdict = prove_case(&fold_case, &proof);
        report(&fold_case, verdict);
        CU_ASSERT(verdict == FOLD_EQUAL || verdict == FOLD_NOTHING);
        gave_up += verdict == FOLD_EQUAL && proof.gave_up;
    }
    CU_ASSERT(gave_up > 10);
}

/* How many of the first cases a blind folding gets wrong. */
static int64_t wrong_when(enum fold_blindness blindness)
{
    int64_t wrong = 0;
    for (int64_t number = 1; number <= BLIND_CASES && wrong < 3; number++) {
        struct fold_case fold_case = {.number = number, .narrow = number % 2 == 0};
        struct fold_proof proof = {.blindness = blindness, .quiet = true};
        enum fold_verdict verdict = prove_case(&fold_case, &proof);
        wrong += verdict == FOLD_DIFFERENT || verdict == FOLD_CRASHED;
    }
    return wrong;
}

static void notices_links(void)
{
    CU_ASSERT(wrong_when(FOLD_BLIND_TO_LINKS) >= 3);
}

static void notices_groups(void)
{
    CU_ASSERT(wrong_when(FOLD_BLIND_TO_GROUPS) >= 3);
}

static struct job *changed(void *argument, struct arena *arena)
{
    return fold_training(fold_servers(argument, 8, 4, arena), 2, 2, 0, arena);
}

/* The folded step moves as the full one: both are slower than on a healthy machine, and equal.
 */
static void moves_equally(void)
{
    struct change changes[] = {{1, 1}, {0.5, 1}, {1, 7}, {0.5, 7}};
    double healthy_s = 0;
    for (int i = 0; i < 4; i++) {
        struct fold_proof proof = {.make = changed, .argument = &changes[i]};
        CU_ASSERT(fold_prove(&proof) == FOLD_EQUAL);
        CU_ASSERT(near(proof.full_s, proof.folded_s, 1e-9));
        CU_ASSERT(i == 0 || proof.folded_s > healthy_s * 1.001);
        CU_ASSERT(changes[i].nic_factor < 1 || proof.classes < proof.teams);
        healthy_s = i == 0 ? proof.folded_s : healthy_s;
    }
}

/* 4,608 chips behind oversubscribed trunks: TP 16 x PP 9 x DP 32 on 288 servers of 16. And data
 * parallel alone on 96 servers of 8, where one slow chip makes its own team another and leaves
 * all others equal. (In a pipeline its messages would meet the rings of the others on their
 * NICs, and by them mark every team: then there is nothing to fold.) */
static struct job *thousands(void *argument, struct arena *arena)
{
    struct change change = {1, 2};
    const int64_t *pipeline = argument;
    if (*pipeline > 1) {
        return fold_training(fold_servers(&change, 288, 16, arena), 16, *pipeline, 0, arena);
    }
    struct job *job = fold_training(fold_servers(&change, 96, 8, arena), 8, 1, 0, arena);
    job->teams[77].slowness = 1.25;
    return job;
}

static void thousands_of_chips(void)
{
    for (int64_t pipeline = 1; pipeline <= 9; pipeline += 8) {
        struct fold_proof proof = {.make = thousands, .argument = &pipeline};
        CU_ASSERT(fold_prove(&proof) == FOLD_EQUAL);
        CU_ASSERT(proof.teams == (pipeline > 1 ? 288 : 96));
        CU_ASSERT(proof.classes < proof.teams / 10);
        printf("\n    %lld teams in %lld classes, %lld operations", (long long)proof.teams,
               (long long)proof.classes, (long long)proof.spans);
    }
}

/* One slow or dead link among the servers of a large exchange: its phases do not mark each
 * other, so that all but its own server fold as on a healthy machine. 96 servers, data parallel
 * alone, with rings in blocks and between them. */
static struct job *one_of_many(void *argument, struct arena *arena)
{
    return fold_training(fold_servers(argument, 96, 4, arena), 4, 1, 0, arena);
}

static void one_link_of_many(void)
{
    struct change changes[] = {{0.5, 1}, {0, 1}};
    for (int i = 0; i < 2; i++) {
        struct fold_proof proof = {.make = one_of_many, .argument = &changes[i]};
        CU_ASSERT(fold_prove(&proof) == FOLD_EQUAL);
        CU_ASSERT(proof.teams == 96);
        CU_ASSERT(proof.classes == 1 + i); /* a dead one leads bytes through its server */
        CU_ASSERT(proof.flow_classes <= 40);
    }
}

/* Gradients of experts and of all else move on one NIC at once: a slow one marks domain after
 * domain, but on the ports of its own exchanges alone. */
static struct job *experts_of_many(void *argument, struct arena *arena)
{
    return fold_training(fold_servers(argument, 48, 8, arena), 1, 1, 4, arena);
}

static void one_link_beside_experts(void)
{
    struct change change = {0.5, 1};
    for (int patient = 0; patient < 2; patient++) {
        struct fold_proof proof = {.make = experts_of_many,
                                   .argument = &change,
                                   .blindness = patient ? FOLD_SEES_ALL : FOLD_IMPATIENT};
        CU_ASSERT(fold_prove(&proof) == FOLD_EQUAL);
        CU_ASSERT(proof.teams == 96);
        CU_ASSERT(!patient || proof.flow_classes <= 8);
    }
}

/* Rings through the first chips of 7 servers of 6 and one of the next: all chips but those of
 * the last server do the same, and those are alike too. */
static struct job *partly_filled(void *argument, struct arena *arena)
{
    struct change change = {1, 1};
    const int64_t *chips = argument;
    struct job *job = job_create(fold_servers(&change, 8, 6, arena), arena);
    int32_t spec = job_spec(job, COLLECTIVE_ALL_REDUCE, 1e6, "hierarchical");
    int32_t sequence = job_sequence(job, "exchange"), program = job_program(job);
    struct op op = {"exchange", PART_DATA_TIME, 0, spec, SLOT_DATA, false, 0, 0};
    int64_t *list = arena_array(arena, *chips, sizeof(int64_t));
    int32_t *teams = arena_array(arena, *chips, sizeof(int32_t));
    job_op(job, sequence, &op);
    job_instruct(job, program, (struct instruction){INSTRUCTION_RUN, sequence, 0, 0, "run"});
    job->teams = arena_array(arena, *chips, sizeof(struct team));
    job->team_count = *chips;
    struct group group = {*chips, teams, 1, *chips, list, false};
    int32_t all = job_group(job, &group);
    for (int32_t t = 0; t < *chips; t++) {
        list[t] = t;
        teams[t] = t;
        job->teams[t] =
            (struct team){program, &list[t], 1, 0, {-1, -1, -1, -1, -1}, {-1, -1}, 1, 1};
        job->teams[t].groups[SLOT_DATA] = all;
    }
    return job;
}

static void partly_filled_domains(void)
{
    for (int64_t chips = 42; chips <= 48; chips += 2) {
        struct fold_proof proof = {.make = partly_filled, .argument = &chips};
        CU_ASSERT(fold_prove(&proof) == FOLD_EQUAL);
        CU_ASSERT(proof.teams == chips);
        CU_ASSERT(proof.classes == 1); /* flows differ, what teams do does not */
    }
}

void suite_fold(void)
{
    static const struct test tests[] = {
        {"folded is unfolded in every operation, drawn cases", small_cases},
        {"the same with hundreds of chips", large_cases},
        {"half a NIC link and 1:7 trunks move both steps equally", moves_equally},
        {"a partly filled domain splits flows, not teams", partly_filled_domains},
        {"one slow or dead link of many servers splits little", one_link_of_many},
        {"one slow link where two exchanges share NICs", one_link_beside_experts},
        {"4,608 chips, in a pipeline, and with a slow one", thousands_of_chips},
        {"given up it is exact too", given_up},
        {"blind to links it is not", notices_links},
        {"blind to groups it is not", notices_groups},
    };
    bool chosen = getenv("TRNSIM_FOLD_CASES") != NULL;
    add_suite("fold", tests, chosen ? 1 : sizeof tests / sizeof tests[0]);
}
