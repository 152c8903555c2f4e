/* SPDX-License-Identifier: Apache-2.0 */
/* The last result of each entry is kept: several parts ask for several of its measures. */
#include "study/claim_goodput.h"

#include <string.h>

/* A key that may be left out is otherwise. */
static bool amount(struct claim_state *state, const char *formula, const char *key,
                   double *value, struct error *error)
{
    return formula == NULL || claim_value(state, formula, key, value, error);
}

static bool read_failures(struct claim_state *state, const struct claim_goodput_text *text,
                          struct goodput_case *what, struct error *error)
{
    if (text->failures_count > GOODPUT_CAUSES) {
        return document_error(state->claim->document, "goodputs", error,
                              "has more than 8 causes of failure; join some");
    }
    for (unsigned i = 0; i < text->failures_count; i++) {
        const struct claim_failure_text *from = &text->failures[i];
        struct goodput_failure *failure = &what->failures[i];
        failure->cause = from->cause;
        failure->planned = from->planned != NULL && strcmp(from->planned, "true") == 0;
        failure->shape = 1;
        if (!amount(state, from->count, "goodputs", &failure->count, error) ||
            !amount(state, from->mean, "goodputs", &failure->mean_s, error) ||
            !amount(state, from->shape, "goodputs", &failure->shape, error) ||
            !amount(state, from->counted, "goodputs", &failure->counted, error)) {
            return false;
        }
    }
    what->failure_count = (int)text->failures_count;
    return true;
}

static bool read_case(struct claim_state *state, const struct claim_goodput_text *text,
                      struct goodput_case *what, struct error *error)
{
    double spares = 0;
    const struct {
        const char *formula;
        double *value;
    } keys[] = {
        {text->duration, &what->duration_s},   {text->stop, &what->stop_s},
        {text->write, &what->write_s},         {text->interval, &what->interval_s},
        {text->detection, &what->detection_s}, {text->restart, &what->restart_s},
        {text->repair, &what->repair_s},       {text->spares, &spares},
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (!amount(state, keys[i].formula, "goodputs", keys[i].value, error)) {
            return false;
        }
    }
    what->spares = (int64_t)spares;
    what->write_s = what->write_s > what->stop_s ? what->write_s : what->stop_s;
    if (!(what->duration_s > 0) || !(what->stop_s >= 0) || !(what->restart_s >= 0)) {
        return document_error(state->claim->document, "goodputs", error,
                              "has a duration, stop or restart that is no time");
    }
    return read_failures(state, text, what, error);
}

static bool pick(const struct goodput *result, const char *measure, double *value)
{
    const struct {
        const char *name;
        double value;
    } measures[] = {
        {"goodput", result->goodput_fraction},
        {"goodput_low", result->low_fraction},
        {"goodput_high", result->high_fraction},
        {"interruptions", result->interruptions},
        {"interruptions_low", result->low_interruptions},
        {"interruptions_high", result->high_interruptions},
        {"between_s", result->mean_between_s},
        {"interval_s", result->interval_s},
        {"checkpoint_h", result->loss.checkpoint_h},
        {"detection_h", result->loss.detection_h},
        {"restart_h", result->loss.restart_h},
        {"rework_h", result->loss.rework_h},
        {"waiting_h", result->loss.waiting_h},
    };
    for (size_t i = 0; i < sizeof measures / sizeof measures[0]; i++) {
        if (strcmp(measures[i].name, measure) == 0) {
            *value = measures[i].value;
            return true;
        }
    }
    return false;
}

bool claim_goodput(struct claim_state *state, unsigned index, const char *measure,
                   double *value, struct error *error)
{
    struct claim *claim = state->claim;
    struct goodput_case what;
    memset(&what, 0, sizeof what); /* with its padding: cases are compared as bytes */
    if (claim->memos == NULL) {
        claim->memos =
            arena_array(claim->arena, claim->text->goodputs_count, sizeof *claim->memos);
    }
    struct claim_memo *memo = &claim->memos[index];
    const struct claim_goodput_text *text = &claim->text->goodputs[index];
    double runs = (double)state->options->seeds;
    if (!read_case(state, text, &what, error) ||
        !amount(state, text->runs, "goodputs", &runs, error)) {
        return false;
    }
    if (!(runs >= 1 && runs <= 1e6)) {
        return document_error(claim->document, "goodputs", error,
                              "has runs that are not 1 to a million");
    }
    if (!memo->filled || memcmp(&memo->what, &what, sizeof what) != 0) {
        struct arena *arena = arena_create();
        memo->result = goodput_simulate(&what, state->options->seed, (int64_t)runs, arena);
        arena_free(arena);
        memcpy(&memo->what, &what, sizeof what);
        memo->filled = true;
    }
    if (!pick(&memo->result, measure, value)) {
        return error_fill(error, ERROR_INPUT,
                          "a goodput has no '%s'; it has goodput and interruptions (also with "
                          "_low and _high), between_s, interval_s and checkpoint_h, "
                          "detection_h, restart_h, rework_h, "
                          "waiting_h",
                          measure);
    }
    return true;
}
