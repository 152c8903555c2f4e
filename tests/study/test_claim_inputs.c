/* SPDX-License-Identifier: Apache-2.0 */
/* The claims that come with the program: each input that a verdict is said to depend on is
 * moved past the place where it should change, and the verdict has to. */
#include <glob.h>
#include <math.h>
#include <string.h>

#include "support/shipped_claims.h"
#include "support/support.h"

static bool is_of_run(const struct claim_pin *pin, const char *run)
{
    size_t length = strlen(run);
    return strncmp(pin->name, run, length) == 0 && pin->name[length] == ':';
}

static bool is_moved(const struct claim_options *options, const char *run)
{
    bool found = false;
    for (int i = 0; i < options->pin_count; i++) {
        found = found || is_of_run(&options->pins[i], run);
    }
    return found;
}

/* [runs_count]: of runs whose properties are pinned simulated anew, of the others as before.
 * anew holds them. */
static const struct claim_outcome **outcomes_of(const struct claim *claim,
                                                const struct claim_options *options,
                                                struct shipped *anew)
{
    struct claim_text *text = shipped_take(anew, claim->path)->text;
    const struct claim_outcome **outcomes =
        arena_array(anew->arena, claim->text->runs_count + 1, sizeof(void *));
    unsigned kept = 0;
    for (unsigned r = 0; r < text->runs_count; r++) {
        struct claim_run_text run = text->runs[r];
        if (is_moved(options, run.name)) {
            text->runs[r] = text->runs[kept];
            text->runs[kept++] = run;
        }
    }
    text->runs_count = kept;
    text->parts_count = 0;
    if (kept > 0) {
        shipped_judge(anew, options);
    }
    for (unsigned r = 0; r < claim->text->runs_count; r++) {
        outcomes[r] = claim->outcomes[r];
        for (unsigned k = 0; k < kept; k++) {
            bool same = strcmp(text->runs[k].name, claim->text->runs[r].name) == 0;
            outcomes[r] = same ? anew->list[0]->outcomes[k] : outcomes[r];
        }
    }
    return outcomes;
}

/* The claim of one part. */
static void judge_alone(struct claim *claim, unsigned part, const struct claim_options *options)
{
    struct claim_text *text = claim->text;
    struct claim_part_text first = text->parts[0];
    unsigned count = text->parts_count;
    text->parts[0] = text->parts[part];
    text->parts_count = 1;
    claim_judge(claim, options);
    CU_ASSERT_FATAL(claim->error.kind == ERROR_NONE);
    text->parts[0] = first;
    text->parts_count = count;
}

/* The verdict on one part of a claim with some inputs at other values, all else at its own.
 * Runs whose properties are moved are simulated anew. */
static enum claim_verdict moved(struct claim *claim, unsigned part, struct claim_pin *pins,
                                int count)
{
    struct shipped anew = {.arena = arena_create()};
    struct claim_options options = shipped_options(pins, true);
    options.pin_count = count;
    const struct claim_outcome **before = claim->outcomes;
    claim->outcomes = outcomes_of(claim, &options, &anew);
    judge_alone(claim, part, &options);
    enum claim_verdict verdict = claim->parts[0].verdict;
    claim->outcomes = before;
    for (int i = 0; i < count; i++) {
        CU_ASSERT(pins[i].used);
    }
    shipped_release(&anew);
    return verdict;
}

static bool depends_on(const struct claim *claim, const char *what)
{
    for (int64_t i = 0; what != NULL && i < claim->depends_count; i++) {
        if (strcmp(claim->depends_on[i], what) == 0) {
            return true;
        }
    }
    return false;
}

/* The unit in which a value of the driver is written. */
static const char *unit_of(const struct claim *claim, const struct claim_driver *driver)
{
    const struct claim_text *text = claim->text;
    for (unsigned i = 0; i < text->numbers_count; i++) {
        if (strcmp(text->numbers[i].name, driver->name) == 0) {
            return text->numbers[i].unit != NULL ? text->numbers[i].unit : "";
        }
    }
    for (unsigned i = 0; i < text->prices_count; i++) {
        if (strcmp(text->prices[i].name, driver->name) == 0) {
            return "USD/h";
        }
    }
    const char *property = strrchr(driver->name, '.');
    bool watts = property != NULL && strcmp(property, ".tdp") == 0;
    bool bytes_per_s = property != NULL && strstr(property, "bandwidth") != NULL;
    return watts ? "W" : bytes_per_s ? "Bps" : "";
}

static struct claim_pin pin_of(const struct claim *claim, const struct claim_driver *driver,
                               double value, struct arena *arena)
{
    return (struct claim_pin){
        .name = arena_text(arena, driver->name),
        .value = arena_format(arena, "%.12g%s", value, unit_of(claim, driver))};
}

static enum claim_verdict moved_one(struct claim *claim, unsigned part,
                                    const struct claim_driver *driver, double value)
{
    struct arena *arena = arena_create();
    struct claim_pin pin = pin_of(claim, driver, value, arena);
    enum claim_verdict verdict = moved(claim, part, &pin, 1);
    arena_free(arena);
    return verdict;
}

/* All else at its value, the verdict is another beyond the threshold, and not before it. */
static void cross(struct claim *claim, unsigned part, const struct claim_driver *driver,
                  const struct claim_swing *swing)
{
    double at = swing->threshold, usual = driver->value;
    CU_ASSERT_FATAL(isfinite(at) && at >= driver->low && at <= driver->high);
    double beyond = (at + (at < usual ? driver->low : driver->high)) / 2;
    enum claim_verdict before = moved(claim, part, NULL, 0);
    enum claim_verdict after = moved_one(claim, part, driver, beyond);
    CU_ASSERT(before == CLAIM_REPRODUCED || before == CLAIM_CONTRADICTED);
    CU_ASSERT(after == CLAIM_REPRODUCED || after == CLAIM_CONTRADICTED);
    CU_ASSERT(after != before);
    CU_ASSERT(moved_one(claim, part, driver, (at + usual) / 2) == before);
}

/* No input alone changes the verdict: those that are named do together. */
static void push(struct claim *claim, unsigned part, const struct claim_driver *drivers,
                 const struct claim_part *judged)
{
    struct arena *arena = arena_create();
    struct claim_pin pins[CLAIM_PINS];
    CU_ASSERT_FATAL(judged->joint > 1 && judged->joint <= CLAIM_PINS);
    for (int64_t i = 0; i < judged->joint; i++) {
        const struct claim_swing *swing = &judged->swings[i];
        const struct claim_driver *driver = &drivers[swing->driver];
        bool high = judged->joint_up == (swing->high > swing->low);
        pins[i] = pin_of(claim, driver, high ? driver->high : driver->low, arena);
    }
    enum claim_verdict before = moved(claim, part, pins, 0);
    CU_ASSERT(before == CLAIM_REPRODUCED || before == CLAIM_CONTRADICTED);
    CU_ASSERT(moved(claim, part, pins, (int)judged->joint) != before);
    arena_free(arena);
}

/* Each input that the part is said to depend on. */
static void move_inputs(struct claim *claim, unsigned part, const struct claim_driver *drivers,
                        const struct claim_part *judged)
{
    enum { NAMED = 3 };
    int named = 0;
    for (int64_t i = 0; i < judged->swing_count && named < NAMED; i++) {
        const struct claim_swing *swing = &judged->swings[i];
        if (swing->changes) {
            cross(claim, part, &drivers[swing->driver], swing);
            named++;
        }
    }
    if (named == 0) {
        push(claim, part, drivers, judged);
    }
}

/* Without the input that is not public the part says nothing; with it, it is judged. */
static void decide_what_is_missing(struct claim *claim, unsigned part)
{
    struct claim_options options = shipped_options(NULL, true);
    char *missing = claim->text->parts[part].missing;
    claim->text->parts[part].missing = NULL;
    claim_judge(claim, &options);
    CU_ASSERT(claim->parts[part].verdict != CLAIM_UNDECIDABLE);
    claim->text->parts[part].missing = missing;
}

/* Readings of a claim, each alone: they do not all have one verdict. */
static void read_it_one_way(struct claim *claim, const struct claim_part *judged)
{
    struct claim_options options = shipped_options(NULL, false);
    unsigned count = claim->text->parts_count, seen[CLAIM_UNDECIDABLE + 1] = {0};
    for (unsigned i = 0; i < count; i++) {
        judge_alone(claim, i, &options);
        CU_ASSERT(claim->verdict == judged[i].verdict);
        seen[claim->verdict]++;
    }
    for (enum claim_verdict verdict = CLAIM_SHOWN; verdict <= CLAIM_UNDECIDABLE; verdict++) {
        CU_ASSERT(seen[verdict] < count);
    }
}

static void move_all_of(struct claim *claim)
{
    const struct claim_part *judged = claim->parts; /* claim_judge makes others */
    struct claim_driver drivers[128];
    bool decided = claim->verdict == CLAIM_REPRODUCED || claim->verdict == CLAIM_CONTRADICTED;
    bool mixed = depends_on(claim, claim->text->differ_in);
    CU_ASSERT(!mixed || claim->verdict == CLAIM_DEPENDS);
    CU_ASSERT(decided == (claim->depends_count == 0));
    CU_ASSERT_FATAL(claim->driver_count <= 128);
    memcpy(drivers, claim->drivers, (size_t)claim->driver_count * sizeof *drivers);
    for (unsigned p = 0; p < claim->text->parts_count; p++) {
        if (judged[p].verdict == CLAIM_UNDECIDABLE) {
            decide_what_is_missing(claim, p);
        } else if (judged[p].verdict == CLAIM_DEPENDS) {
            move_inputs(claim, p, drivers, &judged[p]);
        }
    }
    if (mixed) {
        read_it_one_way(claim, judged);
    }
}

static void named_inputs_change_verdicts(void)
{
    struct shipped all = {.arena = arena_create()};
    struct claim_options options = shipped_options(NULL, false);
    glob_t found;
    CU_ASSERT_FATAL(glob(SOURCE_FOLDER "/workloads/claims/*.yaml", 0, NULL, &found) == 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        shipped_trim(shipped_take(&all, found.gl_pathv[i])->text);
    }
    globfree(&found);
    shipped_judge(&all, &options);
    for (int64_t i = 0; i < all.count; i++) {
        CU_ASSERT(strlen(all.list[i]->text->weakest) > 20);
        CU_ASSERT(all.list[i]->evidence_count > 0);
        unsigned failed = CU_get_number_of_failures();
        move_all_of(all.list[i]);
        if (CU_get_number_of_failures() > failed) {
            printf("\n    in the claim %s", all.list[i]->id);
        }
    }
    shipped_release(&all);
}

void suite_claim_inputs(void)
{
    static const struct test tests[] = {
        {"named inputs change verdicts", named_inputs_change_verdicts},
    };
    add_suite("claim_inputs", tests, (int)(sizeof tests / sizeof tests[0]));
}
