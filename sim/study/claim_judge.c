/* SPDX-License-Identifier: Apache-2.0 */
/* Each part is valued with all inputs at their values, then with each alone at both its ends,
 * then with all at the ends that lower or raise it. MODEL.md, "Claims". */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "study/claim_run.h"
#include "study/claim_value.h"

const char *claim_verdict_name(enum claim_verdict verdict)
{
    static const char *const names[] = {"shown", "reproduced", "contradicted", "depends",
                                        "not decidable"};
    return names[verdict];
}

static void remember(struct claim *claim, const char ***list, int64_t *count, int64_t *capacity,
                     const char *text)
{
    for (int64_t i = 0; i < *count; i++) {
        if (strcmp((*list)[i], text) == 0) {
            return;
        }
    }
    *list = arena_grow(claim->arena, *list, *count, capacity, sizeof **list);
    (*list)[(*count)++] = text;
}

static void depend(struct claim *claim, const char *text)
{
    remember(claim, &claim->depends_on, &claim->depends_count, &claim->depends_capacity, text);
}

static void show(struct claim *claim, const char *text)
{
    remember(claim, &claim->evidence, &claim->evidence_count, &claim->evidence_capacity, text);
}

static bool covers(const struct claim_part *part)
{
    return part->text->rule != NULL && strcmp(part->text->rule, "covers") == 0;
}

/* The verdict over a figure that lies between low and high. */
static enum claim_verdict judge(const struct claim_part *part, double low, double high)
{
    if (high < part->least || low > part->most) {
        return CLAIM_CONTRADICTED;
    }
    bool inside = low >= part->least && high <= part->most;
    return inside || covers(part) ? CLAIM_REPRODUCED : CLAIM_DEPENDS;
}

/* Below, within or above the claimed bounds: the verdict on one value changes with it, also
 * where a range leaps over both bounds. */
static int side(const struct claim_part *part, double value)
{
    return (value > part->most) - (value < part->least);
}

static bool value_with(struct claim_state *state, const struct claim_part *part, double *value,
                       struct error *error)
{
    return claim_value(state, part->text->formula, part->text->name, value, error);
}

static int most_first(const void *left, const void *right)
{
    const struct claim_swing *a = left, *b = right;
    double x = fabs(a->high - a->low), y = fabs(b->high - b->low);
    return x != y ? (x < y) - (x > y) : (a->driver > b->driver) - (a->driver < b->driver);
}

/* The bound that the figure meets first on its way from its value to another. */
static double bound_between(const struct claim_part *part, double other)
{
    double value = part->value;
    bool up = other > value;
    if (up) {
        return value < part->least ? part->least : part->most;
    }
    return value > part->most ? part->most : part->least;
}

/* Where on the way to an end the figure meets a bound: false position, halving the weight of an
 * end that stays (Illinois). */
static bool meet(struct claim_state *state, const struct claim_part *part, double *ends,
                 struct claim_swing *swing, double end, struct error *error)
{
    enum { STEPS = 24 };
    double figure = end < 0 ? swing->low : swing->high;
    double bound = bound_between(part, figure), near = 0, far = end;
    double near_gap = part->value - bound, far_gap = figure - bound;
    for (int i = 0; i < STEPS && fabs(far - near) > 1e-9 && near_gap != far_gap; i++) {
        double middle = far - far_gap * (far - near) / (far_gap - near_gap), value;
        ends[swing->driver] = middle;
        if (!value_with(state, part, &value, error)) {
            return false;
        }
        if ((value - bound) * far_gap < 0) {
            near = far;
            near_gap = far_gap;
        } else {
            near_gap /= 2;
        }
        far = middle;
        far_gap = value - bound;
        if (fabs(far_gap) <= 1e-12 * fabs(bound)) {
            break;
        }
    }
    ends[swing->driver] = 0;
    swing->threshold = claim_value_at(&state->claim->drivers[swing->driver], far);
    return true;
}

static bool swing(struct claim_state *state, struct claim_part *part, double *ends,
                  int64_t driver, struct error *error)
{
    struct claim_swing swing = {.driver = driver, .threshold = (double)NAN};
    ends[driver] = -1;
    bool good = value_with(state, part, &swing.low, error);
    ends[driver] = 1;
    good = good && value_with(state, part, &swing.high, error);
    ends[driver] = 0;
    double size = fabs(swing.high - part->value) + fabs(swing.low - part->value);
    if (good && size > 1e-12 * fabs(part->value)) {
        bool at_low = side(part, swing.low) != side(part, part->value);
        swing.changes = at_low || side(part, swing.high) != side(part, part->value);
        good = !swing.changes || meet(state, part, ends, &swing, at_low ? -1 : 1, error);
        part->swings[part->swing_count++] = swing;
    }
    return good;
}

/* How few of the inputs, those that move the figure most first, change the verdict when all of
 * them move it one way; 0: even all of them do not. */
static bool count_joint(struct claim_state *state, const struct claim_part *part, double *ends,
                        bool up, int64_t *joint, struct error *error)
{
    bool good = true;
    *joint = 0;
    for (int64_t i = 0; good && *joint == 0 && i < part->swing_count; i++) {
        const struct claim_swing *swing = &part->swings[i];
        double value;
        ends[swing->driver] = up == (swing->high > swing->low) ? 1 : -1;
        good = value_with(state, part, &value, error);
        *joint = good && side(part, value) != side(part, part->value) ? i + 1 : 0;
    }
    memset(ends, 0, (size_t)state->claim->driver_count * sizeof *ends);
    return good;
}

static bool find_joint(struct claim_state *state, struct claim_part *part, double *ends,
                       struct error *error)
{
    int64_t down, up;
    if (!count_joint(state, part, ends, false, &down, error) ||
        !count_joint(state, part, ends, true, &up, error)) {
        return false;
    }
    part->joint_up = up > 0 && (down == 0 || up < down);
    part->joint = part->joint_up ? up : down;
    return true;
}

/* All inputs at the ends that move the figure this way; what chance adds to them is a formula
 * of its own. */
static bool extreme(struct claim_state *state, const struct claim_part *part, double *ends,
                    bool up, double *value, struct error *error)
{
    double nearest = part->value;
    for (int64_t i = 0; i < part->swing_count; i++) {
        const struct claim_swing *swing = &part->swings[i];
        bool high = up == (swing->high > swing->low);
        ends[swing->driver] = high ? 1 : -1;
        double alone = high ? swing->high : swing->low;
        nearest = up ? fmax(nearest, alone) : fmin(nearest, alone);
    }
    const char *formula = up ? part->text->high : part->text->low;
    bool good = claim_value(state, formula != NULL ? formula : part->text->formula,
                            part->text->name, value, error);
    *value = up ? fmax(*value, nearest) : fmin(*value, nearest);
    memset(ends, 0, (size_t)state->claim->driver_count * sizeof *ends);
    return good;
}

static bool bounds(struct claim_state *state, struct claim_part *part, struct error *error)
{
    part->least = -(double)INFINITY;
    part->most = (double)INFINITY;
    const struct claim_part_text *text = part->text;
    if (text->rule != NULL && strcmp(text->rule, "covers") != 0 &&
        strcmp(text->rule, "inside") != 0) {
        return error_at(error, ERROR_INPUT, state->claim->path, 0, 0,
                        "the part '%s' has the rule '%s', expected inside or covers",
                        text->name, text->rule);
    }
    if ((text->low != NULL || text->high != NULL) && !covers(part)) {
        return error_at(error, ERROR_INPUT, state->claim->path, 0, 0,
                        "the part '%s' says what chance adds (low, high), expected rule: "
                        "covers with it",
                        text->name);
    }
    return (text->least == NULL ||
            claim_value(state, text->least, text->name, &part->least, error)) &&
           (text->most == NULL ||
            claim_value(state, text->most, text->name, &part->most, error));
}

/* Swings of all inputs, most first, and the figure with all at the ends that lower or raise it.
 */
static bool find_range(struct claim_state *state, struct claim_part *part, struct error *error)
{
    struct claim *claim = state->claim;
    double *ends = arena_array(claim->arena, claim->driver_count + 1, sizeof *ends);
    part->swings = arena_array(claim->arena, claim->driver_count + 1, sizeof *part->swings);
    state->ends = ends;
    for (int64_t d = 0; d < claim->driver_count; d++) {
        const struct claim_driver *driver = &claim->drivers[d];
        if (driver->low < driver->high && !state->options->no_ranges &&
            !swing(state, part, ends, d, error)) {
            return false;
        }
    }
    qsort(part->swings, (size_t)part->swing_count, sizeof *part->swings, most_first);
    return find_joint(state, part, ends, error) &&
           extreme(state, part, ends, false, &part->low, error) &&
           extreme(state, part, ends, true, &part->high, error);
}

static bool judge_part(struct claim_state *state, struct claim_part *part, struct error *error)
{
    state->ends = NULL;
    if (!value_with(state, part, &part->value, error) || !bounds(state, part, error) ||
        !find_range(state, part, error)) {
        return false;
    }
    bool open = isinf(part->least) && isinf(part->most);
    part->verdict = part->text->missing != NULL ? CLAIM_UNDECIDABLE
                    : open                      ? CLAIM_SHOWN
                                                : judge(part, part->low, part->high);
    return true;
}

static void name_inputs(struct claim *claim, const struct claim_part *part)
{
    enum { NAMED = 3 };
    if (part->verdict == CLAIM_UNDECIDABLE) {
        depend(claim, part->text->missing);
        return;
    }
    int64_t named = 0;
    for (int64_t i = 0; i < part->swing_count && named < NAMED; i++) {
        if (part->swings[i].changes) {
            depend(claim, claim->drivers[part->swings[i].driver].name);
            named++;
        }
    }
    for (int64_t i = 0; named == 0 && part->verdict == CLAIM_DEPENDS && i < part->joint; i++) {
        depend(claim, claim->drivers[part->swings[i].driver].name);
    }
}

static bool any(const struct claim *claim, enum claim_verdict verdict)
{
    bool found = false;
    for (unsigned i = 0; i < claim->text->parts_count; i++) {
        found = found || claim->parts[i].verdict == verdict;
    }
    return found;
}

/* The worst verdict of the parts: facts must all hold. */
static enum claim_verdict of_facts(const struct claim *claim)
{
    static const enum claim_verdict worst_first[] = {CLAIM_CONTRADICTED, CLAIM_UNDECIDABLE,
                                                     CLAIM_DEPENDS};
    for (size_t i = 0; i < sizeof worst_first / sizeof worst_first[0]; i++) {
        if (any(claim, worst_first[i])) {
            return worst_first[i];
        }
    }
    return CLAIM_REPRODUCED;
}

/* Cases are readings of one claim, of which some may hold and some not. */
static void conclude(struct claim *claim)
{
    const struct claim_text *text = claim->text;
    bool cases = text->parts_are != NULL && strcmp(text->parts_are, "cases") == 0;
    int kinds = any(claim, CLAIM_REPRODUCED) + any(claim, CLAIM_CONTRADICTED) +
                any(claim, CLAIM_DEPENDS) + any(claim, CLAIM_UNDECIDABLE);
    bool open = cases && (kinds > 1 || any(claim, CLAIM_DEPENDS));
    claim->verdict = open ? CLAIM_DEPENDS : of_facts(claim);
    if (cases && kinds > 1 && text->differ_in != NULL) {
        depend(claim, text->differ_in);
    }
    for (unsigned i = 0; i < text->parts_count; i++) {
        if (claim->parts[i].verdict >= CLAIM_DEPENDS) {
            name_inputs(claim, &claim->parts[i]);
        }
    }
}

static const char *describe_run(const struct claim *claim, unsigned r)
{
    const struct claim_run_text *run = &claim->text->runs[r];
    const double *measures = claim->outcomes[r]->measures;
    const char *head =
        arena_format(claim->arena, "%s: %s on %s of %s, %.0f chips", run->name, run->workload,
                     run->domains, run->platform, measures[CLAIM_chips]);
    if (!claim->outcomes[r]->serving) {
        return arena_format(claim->arena, "%s: step %.3g s, %.4g tokens/s, MFU %.3g", head,
                            measures[CLAIM_step_s], measures[CLAIM_tokens_per_s],
                            measures[CLAIM_mfu]);
    }
    return arena_format(claim->arena,
                        "%s%s: %.4g requests/s, %.4g output tokens/s, TTFT %.3g s (p99 %.3g), "
                        "TPOT %.3g s (p99 %.3g)",
                        head, run->find != NULL ? ", at its highest rate within the SLO" : "",
                        measures[CLAIM_requests_per_s], measures[CLAIM_tokens_per_s],
                        measures[CLAIM_ttft_s], measures[CLAIM_ttft_p99_s],
                        measures[CLAIM_tpot_s], measures[CLAIM_tpot_p99_s]);
}

static void gather_evidence(struct claim *claim)
{
    for (unsigned r = 0; r < claim->text->runs_count; r++) {
        show(claim, describe_run(claim, r));
    }
    for (int64_t d = 0; d < claim->driver_count; d++) {
        const struct claim_driver *driver = &claim->drivers[d];
        if (driver->run >= 0) {
            continue;
        }
        show(claim, arena_format(claim->arena, "%s = %.6g%s (%s)", driver->name, driver->value,
                                 driver->low < driver->high
                                     ? arena_format(claim->arena, ", from %.6g to %.6g",
                                                    driver->low, driver->high)
                                     : "",
                                 driver->source != NULL ? driver->source : "no source"));
    }
}

/* Properties that runs vary were simulated; all other inputs are met again. */
static void forget(struct claim *claim)
{
    int64_t kept = 0;
    for (int64_t d = 0; d < claim->driver_count; d++) {
        if (claim->drivers[d].run >= 0) {
            claim->drivers[kept++] = claim->drivers[d];
        }
    }
    claim->driver_count = kept;
    claim->depends_count = claim->evidence_count = 0;
    claim->error.kind = ERROR_NONE;
}

void claim_judge(struct claim *claim, const struct claim_options *options)
{
    struct claim_state state = {.claim = claim, .options = options};
    forget(claim);
    claim->parts = arena_array(claim->arena, claim->text->parts_count, sizeof *claim->parts);
    for (unsigned i = 0; i < claim->text->parts_count; i++) {
        claim->parts[i].text = &claim->text->parts[i];
        if (!judge_part(&state, &claim->parts[i], &claim->error)) {
            return;
        }
    }
    conclude(claim);
    gather_evidence(claim);
}

bool claim_judge_all(struct claim **claims, int64_t count, const struct claim_options *options,
                     struct arena *arena, struct error *error)
{
    if (!claim_run_all(claims, count, options, arena, error)) {
        return false;
    }
    for (int64_t i = 0; i < count; i++) {
        if (claims[i]->error.kind == ERROR_NONE) {
            claim_judge(claims[i], options);
        }
    }
    return true;
}
