/* SPDX-License-Identifier: Apache-2.0 */
/* The claims that come with the program: each input that a verdict is said to depend on is
 * moved past the place where it should change, and the verdict has to. */
#include <glob.h>
#include <math.h>
#include <string.h>

#include "support/shipped_claims.h"
#include "support/support.h"

/* The verdict on one part of a claim with some inputs at other values, all else at its own.
 * What is in formulas alone is judged with what was simulated; a run's properties are simulated
 * anew. */
static enum claim_verdict moved(struct claim *claim, unsigned part, struct claim_pin *pins,
                                int count, bool simulates)
{
    struct claim_options options = shipped_options(pins, true);
    enum claim_verdict verdict;
    options.pin_count = count;
    if (!simulates) {
        claim_judge(claim, &options);
        CU_ASSERT_FATAL(claim->error.kind == ERROR_NONE);
        verdict = claim->parts[part].verdict;
    } else {
        struct shipped one = {.arena = arena_create()};
        struct claim_text *text = shipped_take(&one, claim->path)->text;
        shipped_trim(text);
        struct claim_part_text wanted = text->parts[part];
        text->parts[part] = text->parts[0];
        text->parts[0] = wanted;
        text->parts_count = 1;
        shipped_trim(text);
        shipped_judge(&one, &options);
        verdict = one.list[0]->parts[0].verdict;
        shipped_release(&one);
    }
    for (int i = 0; i < count; i++) {
        CU_ASSERT(pins[i].used);
    }
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
    enum claim_verdict verdict = moved(claim, part, &pin, 1, driver->run >= 0);
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
    enum claim_verdict before = moved_one(claim, part, driver, usual);
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
    bool simulates = false;
    CU_ASSERT_FATAL(judged->joint > 1 && judged->joint <= CLAIM_PINS);
    for (int64_t i = 0; i < judged->joint; i++) {
        const struct claim_swing *swing = &judged->swings[i];
        const struct claim_driver *driver = &drivers[swing->driver];
        bool high = judged->joint_up == (swing->high > swing->low);
        pins[i] = pin_of(claim, driver, high ? driver->high : driver->low, arena);
        simulates = simulates || driver->run >= 0;
    }
    enum claim_verdict before = moved(claim, part, pins, 0, false);
    CU_ASSERT(before == CLAIM_REPRODUCED || before == CLAIM_CONTRADICTED);
    CU_ASSERT(moved(claim, part, pins, (int)judged->joint, simulates) != before);
    arena_free(arena);
}

/* Each input that the part is said to depend on. */
static void move_inputs(struct claim *claim, unsigned part)
{
    enum { NAMED = 3 };
    struct claim_part judged = claim->parts[part]; /* both are made anew again and again */
    struct claim_driver drivers[128];
    int named = 0;
    CU_ASSERT_FATAL(claim->driver_count <= 128);
    memcpy(drivers, claim->drivers, (size_t)claim->driver_count * sizeof *drivers);
    for (int64_t i = 0; i < judged.swing_count && named < NAMED; i++) {
        const struct claim_swing *swing = &judged.swings[i];
        if (swing->changes) {
            cross(claim, part, &drivers[swing->driver], swing);
            named++;
        }
    }
    if (named == 0) {
        push(claim, part, drivers, &judged);
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
static void read_it_one_way(struct claim *claim)
{
    struct claim_options options = shipped_options(NULL, false);
    claim_judge(claim, &options);
    CU_ASSERT_FATAL(claim->verdict == CLAIM_DEPENDS);
    unsigned count = claim->text->parts_count, seen[CLAIM_UNDECIDABLE + 1] = {0};
    enum claim_verdict alone[64];
    for (unsigned i = 0; i < count; i++) {
        alone[i] = claim->parts[i].verdict;
    }
    for (unsigned i = 0; i < count; i++) {
        struct claim_part_text first = claim->text->parts[0];
        claim->text->parts[0] = claim->text->parts[i];
        claim->text->parts_count = 1;
        claim_judge(claim, &options);
        CU_ASSERT(claim->verdict == alone[i]);
        seen[claim->verdict]++;
        claim->text->parts[0] = first;
        claim->text->parts_count = count;
    }
    for (enum claim_verdict verdict = CLAIM_SHOWN; verdict <= CLAIM_UNDECIDABLE; verdict++) {
        CU_ASSERT(seen[verdict] < count);
    }
}

static void move_all_of(struct claim *claim)
{
    struct claim_options options = shipped_options(NULL, false);
    bool decided = claim->verdict == CLAIM_REPRODUCED || claim->verdict == CLAIM_CONTRADICTED;
    bool mixed = depends_on(claim, claim->text->differ_in);
    CU_ASSERT(decided == (claim->depends_count == 0));
    for (unsigned p = 0; p < claim->text->parts_count; p++) {
        claim_judge(claim, &options);
        if (claim->parts[p].verdict == CLAIM_UNDECIDABLE) {
            decide_what_is_missing(claim, p);
        } else if (claim->parts[p].verdict == CLAIM_DEPENDS) {
            move_inputs(claim, p);
        }
    }
    if (mixed) {
        read_it_one_way(claim);
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
