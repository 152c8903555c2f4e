/* SPDX-License-Identifier: Apache-2.0 */
#include "support/shipped_claims.h"

#include <string.h>

#include "support/support.h"

enum { SEEDS_OF_TEST = 30, JOBS = 2 };

struct claim_options shipped_options(struct claim_pin *pin, bool no_ranges)
{
    return (struct claim_options){.jobs = JOBS,
                                  .seed = 1,
                                  .seeds = SEEDS_OF_TEST,
                                  .pins = pin,
                                  .pin_count = pin != NULL,
                                  .no_ranges = no_ranges};
}

static bool mentions(const char *formula, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = formula; at != NULL && (at = strstr(at, name)) != NULL; at++) {
        bool starts = at == formula || strchr(" (+-*/,", at[-1]) != NULL;
        if (starts && at[length] == '.') {
            return true;
        }
    }
    return false;
}

static bool is_needed(const struct claim_text *text, const char *run)
{
    for (unsigned i = 0; i < text->parts_count; i++) {
        if (mentions(text->parts[i].formula, run)) {
            return true;
        }
    }
    for (unsigned g = 0; g < text->goodputs_count; g++) {
        for (unsigned f = 0; f < text->goodputs[g].failures_count; f++) {
            if (mentions(text->goodputs[g].failures[f].count, run)) {
                return true;
            }
        }
    }
    return false;
}

/* Figures that are only shown decide nothing: they and their runs are left out. What is taken
 * out goes to the end, behind the count, and comes back before the text is released. */
void shipped_trim(struct claim_text *text)
{
    unsigned parts = 0, runs = 0;
    for (unsigned i = 0; i < text->parts_count; i++) {
        struct claim_part_text part = text->parts[i];
        if (part.least != NULL || part.most != NULL || part.missing != NULL) {
            text->parts[i] = text->parts[parts];
            text->parts[parts++] = part;
        }
    }
    text->parts_count = parts;
    for (unsigned i = 0; i < text->runs_count; i++) {
        struct claim_run_text run = text->runs[i];
        if (is_needed(text, run.name)) {
            text->runs[i] = text->runs[runs];
            text->runs[runs++] = run;
        }
    }
    text->runs_count = runs;
}

struct claim *shipped_take(struct shipped *all, const char *path)
{
    struct error error = {.kind = ERROR_NONE};
    struct claim *claim = claim_read(path, all->arena, &error);
    CU_ASSERT_FATAL(claim != NULL && all->count < SHIPPED_CLAIMS);
    all->parts[all->count] = claim->text->parts_count;
    all->runs[all->count] = claim->text->runs_count;
    all->list[all->count++] = claim;
    return claim;
}

void shipped_release(struct shipped *all)
{
    for (int64_t i = 0; i < all->count; i++) {
        all->list[i]->text->parts_count = all->parts[i];
        all->list[i]->text->runs_count = all->runs[i];
        claim_release(all->list[i]);
    }
    arena_free(all->arena);
}

void shipped_judge(struct shipped *all, const struct claim_options *options)
{
    struct error error = {.kind = ERROR_NONE};
    CU_ASSERT_FATAL(claim_judge_all(all->list, all->count, options, all->arena, &error));
    for (int64_t i = 0; i < all->count; i++) {
        CU_ASSERT_FATAL(all->list[i]->error.kind == ERROR_NONE);
    }
}
