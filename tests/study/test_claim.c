/* SPDX-License-Identifier: Apache-2.0 */
/* Formulas, verdicts and what moves them; files that are missing are loud. */
#include "study/claim.h"

#include <math.h>
#include <string.h>

#include "study/claim_formula.h"
#include "support/support.h"

static bool find(void *argument, const char *name, double *value, struct error *error)
{
    (void)argument;
    *value = 7;
    return strcmp(name, "a.b_1") == 0 || error_fill(error, ERROR_INPUT, "no %s", name);
}

static double value_of(const char *formula)
{
    double value = (double)NAN;
    struct error error = {.kind = ERROR_NONE};
    return claim_formula_value(formula, find, NULL, &value, &error) ? value : (double)NAN;
}

static void formulas_are_valued(void)
{
    CU_ASSERT(value_of("1 + 2 * 3 - 4 / 8") == 6.5);
    CU_ASSERT(value_of("-(1 + a.b_1) * 1e2") == -800);
    CU_ASSERT(value_of("min(3, 2) + max(1, 4) + floor(2.9)") == 8);
    CU_ASSERT(isnan(value_of("1 +")));
    CU_ASSERT(isnan(value_of("(1")));
    CU_ASSERT(isnan(value_of("unknown")));
    CU_ASSERT(isnan(value_of("1 2")));
}

static struct claim *judged(const char *text, struct arena *arena, struct error *error)
{
    struct claim_options options = {.jobs = 1, .seed = 1, .seeds = 20};
    struct claim *claim = claim_read(temporary_file(text, ".yaml"), arena, error);
    bool good = claim != NULL && claim_judge_all(&claim, 1, &options, arena, error);
    if (good && claim->error.kind != ERROR_NONE) {
        *error = claim->error;
        good = false;
    }
    return good ? claim : NULL;
}

#define HEAD                                                                                   \
    "title: t\nstatement: s\nsource: s\ndate: d\nweakest: w\nparts_are: cases\n"               \
    "differ_in: the date\nnumbers:\n"

static enum claim_verdict verdict_of(const char *number, const char *parts)
{
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct claim *claim = judged(
        arena_format(arena, HEAD "  - {name: x, %s, source: s}\nparts:\n%s", number, parts),
        arena, &error);
    CU_ASSERT_FATAL(claim != NULL);
    enum claim_verdict verdict = claim->verdict;
    claim_release(claim);
    arena_free(arena);
    return verdict;
}

static void verdicts_follow_the_rule(void)
{
    static const char part[] =
        "  - {name: p, formula: 2 * x, unit: u, least: '3', most: '5'}\n";
    CU_ASSERT(verdict_of("value: '2'", part) == CLAIM_REPRODUCED);
    CU_ASSERT(verdict_of("value: '3'", part) == CLAIM_CONTRADICTED);
    CU_ASSERT(verdict_of("value: '2', low: '1', high: '2'", part) == CLAIM_DEPENDS);
    CU_ASSERT(verdict_of("value: '2', low: '1', high: '2'",
                         "  - {name: p, formula: x, unit: u, least: '1.5', rule: covers}\n") ==
              CLAIM_REPRODUCED);
    CU_ASSERT(
        verdict_of("value: '2'",
                   "  - {name: p, formula: x, unit: u, least: '1', missing: the split}\n") ==
        CLAIM_UNDECIDABLE);
    /* one case holds, the other does not: it depends on what they differ in */
    CU_ASSERT(verdict_of("value: '2'",
                         "  - {name: p, formula: x, unit: u, most: '3'}\n"
                         "  - {name: q, formula: x, unit: u, least: '3'}\n") == CLAIM_DEPENDS);
}

static void ranges_and_swings(void)
{
    /* x in 1..4, y in 1..2: x / y is 2 / 1, from 1 / 2 to 4 / 1; x alone gives 1 to 4, y alone
     * 2 to 1. */
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct claim *claim =
        judged(HEAD "  - {name: x, value: '2', low: '1', high: '4', source: s}\n"
                    "  - {name: y, value: '1', low: '1', high: '2', source: s}\n"
                    "parts:\n  - {name: p, formula: x / y, unit: u, least: '1.5'}\n",
               arena, &error);
    CU_ASSERT_FATAL(claim != NULL);
    const struct claim_part *part = &claim->parts[0];
    CU_ASSERT(part->value == 2 && part->low == 0.5 && part->high == 4);
    CU_ASSERT_FATAL(part->swing_count == 2);
    CU_ASSERT_STRING_EQUAL(claim->drivers[part->swings[0].driver].name, "x");
    CU_ASSERT(part->swings[0].low == 1 && part->swings[0].high == 4);
    CU_ASSERT(part->swings[1].changes);
    CU_ASSERT(claim->depends_count == 2);
    claim_release(claim);
    arena_free(arena);
}

/* What chance does comes on top of what the inputs do: x in 1..4, and half of it to each side.
 */
static void chance_widens_the_ends(void)
{
    static const char head[] =
        HEAD "  - {name: x, value: '2', low: '1', high: '4', source: s}\nparts:\n"
             "  - {name: p, formula: x, low: x / 2, high: x * 1.5, unit: u, least: '5'";
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct claim *claim =
        judged(arena_format(arena, "%s, rule: covers}\n", head), arena, &error);
    CU_ASSERT_FATAL(claim != NULL);
    CU_ASSERT(claim->parts[0].value == 2 && claim->verdict == CLAIM_REPRODUCED);
    CU_ASSERT(claim->parts[0].low == 0.5 && claim->parts[0].high == 6);
    claim_release(claim);
    CU_ASSERT(judged(arena_format(arena, "%s}\n", head), arena, &error) == NULL);
    CU_ASSERT(strstr(error.message, "expected rule: covers") != NULL);
    arena_free(arena);
}

static void a_missing_platform_is_loud(void)
{
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    CU_ASSERT(judged("title: t\nstatement: s\nsource: s\ndate: d\nweakest: w\n"
                     "platforms:\n  - {name: m, file: not-there.xml}\n"
                     "parts:\n  - {name: p, formula: m.chips, unit: u}\n",
                     arena, &error) == NULL);
    CU_ASSERT(error.kind == ERROR_SYSTEM && strstr(error.path, "not-there.xml") != NULL);
    arena_free(arena);
}

/* Peaks decide these without a simulated step. */
static void claims_without_unknowns_are_decided(void)
{
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct claim_options options = {.jobs = 1, .seed = 1, .seeds = 20};
    struct claim *claims[] = {
        claim_read(SOURCE_FOLDER "/workloads/claims/trn3-144-chips.yaml", arena, &error),
        claim_read(SOURCE_FOLDER "/workloads/claims/trn3-bandwidth.yaml", arena, &error)};
    CU_ASSERT_FATAL(claims[0] != NULL && claims[1] != NULL);
    CU_ASSERT_FATAL(claim_judge_all(claims, 2, &options, arena, &error));
    CU_ASSERT(claims[0]->verdict == CLAIM_REPRODUCED);
    CU_ASSERT(claims[1]->verdict == CLAIM_CONTRADICTED); /* 144 x 4.9 / (64 x 2.9) = 3.80 */
    CU_ASSERT(near(claims[1]->parts[0].value, 144 * 4.9 / (64 * 2.9), 1e-9));
    claim_release(claims[0]);
    claim_release(claims[1]);
    arena_free(arena);
}

/* Two chips at once, and a measure that only steps have. */
static void served_loads_can_be_asked(void)
{
    static const char head[] =
        "title: t\nstatement: s\nsource: s\ndate: d\nweakest: w\n"
        "platforms:\n  - {name: m, file: " SOURCE_FOLDER "/platforms/trn3-ultraserver.xml}\n"
        "runs:\n  - {name: r, workload: " SOURCE_FOLDER
        "/workloads/serve-llama-3-70b-conv.yaml, platform: m, "
        "domains: '1', set: requests=200, find: capacity}\nparts:\n";
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct claim *claim =
        judged(arena_format(arena,
                            "%s  - {name: p, formula: r.tokens_per_s / r.requests_per_s, "
                            "unit: tokens, least: '7', most: '1000'}\n"
                            "  - {name: q, formula: r.tpot_p99_s, unit: s, most: '0.1'}\n",
                            head),
               arena, &error);
    CU_ASSERT_FATAL(claim != NULL);
    CU_ASSERT(claim->verdict == CLAIM_REPRODUCED);
    CU_ASSERT(strstr(claim->evidence[0], "highest rate") != NULL);
    claim_release(claim);
    CU_ASSERT(judged(arena_format(arena, "%s  - {name: p, formula: r.mfu, unit: u}\n", head),
                     arena, &error) == NULL);
    CU_ASSERT(strstr(error.message, "no 'mfu'; a served load has") != NULL);
    arena_free(arena);
}

void suite_claim(void)
{
    static const struct test tests[] = {
        {"formulas are valued", formulas_are_valued},
        {"verdicts follow the rule", verdicts_follow_the_rule},
        {"ranges and swings", ranges_and_swings},
        {"chance widens the ends", chance_widens_the_ends},
        {"a missing platform is loud", a_missing_platform_is_loud},
        {"served loads can be asked", served_loads_can_be_asked},
        {"claims without unknowns are decided", claims_without_unknowns_are_decided},
    };
    add_suite("claim", tests, (int)(sizeof tests / sizeof tests[0]));
}
