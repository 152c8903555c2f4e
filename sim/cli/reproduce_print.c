/* SPDX-License-Identifier: Apache-2.0 */
/* Three significant figures for people, full precision in JSON. */
#include "cli/reproduce_print.h"

#include <math.h>
#include <stdio.h>

#include "cli/print.h"
#include "study/claim_tables.h"

enum { SHOWN_INPUTS = 5, TEXT_SIZE = 80 };

static const char *figure(char text[TEXT_SIZE], double value)
{
    double size = fabs(value);
    if (size >= 1e6 || (size > 0 && size < 1e-3)) {
        static const char *const names[] = {"G", "M"};
        bool giga = size >= 1e9;
        if (size >= 1e6 && size < 1e12) {
            snprintf(text, TEXT_SIZE, "%.4g %s", value / (giga ? 1e9 : 1e6), names[!giga]);
        } else {
            snprintf(text, TEXT_SIZE, "%.3e", value);
        }
    } else if (size >= 1000) {
        snprintf(text, TEXT_SIZE, "%.0f", value);
    } else {
        snprintf(text, TEXT_SIZE, "%.3g", value);
    }
    return text;
}

static const char *claimed(char text[TEXT_SIZE], const struct claim_part *part)
{
    char least[TEXT_SIZE], most[TEXT_SIZE];
    figure(least, part->least);
    figure(most, part->most);
    if (isinf(part->least) && isinf(part->most)) {
        snprintf(text, TEXT_SIZE, "nothing");
    } else if (isinf(part->most)) {
        snprintf(text, TEXT_SIZE, "at least %.60s", least);
    } else if (isinf(part->least)) {
        snprintf(text, TEXT_SIZE, "at most %.60s", most);
    } else {
        snprintf(text, TEXT_SIZE, "%.30s to %.30s", least, most);
    }
    return text;
}

static void print_part(const struct claim *claim, const struct claim_part *part)
{
    char text[4][TEXT_SIZE];
    printf("  %-14s %s: %s %s (%s to %s), claimed %s\n", claim_verdict_name(part->verdict),
           part->text->name, figure(text[0], part->value), part->text->unit,
           figure(text[1], part->low), figure(text[2], part->high), claimed(text[3], part));
    for (int64_t i = 0; i < part->swing_count && i < SHOWN_INPUTS; i++) {
        const struct claim_swing *swing = &part->swings[i];
        printf("      %-44s %s to %s", claim->drivers[swing->driver].name,
               figure(text[0], swing->low), figure(text[1], swing->high));
        printf("%s%s\n", swing->changes ? "  changes the verdict at " : "",
               swing->changes ? figure(text[2], swing->threshold) : "");
    }
}

void reproduce_print(struct claim *const *claims, int64_t count)
{
    struct arena *arena = arena_create();
    for (int64_t i = 0; i < count; i++) {
        const struct claim *claim = claims[i];
        printf("%s%s: %s\n", i > 0 ? "\n" : "", claim->id, claim->text->title);
        print_field("claimed", "%s", claim->text->statement);
        print_field("source", "%s (%s)", claim->text->source, claim->text->date);
        print_field("verdict", "%s%s%s", claim_verdict_name(claim->verdict),
                    claim->depends_count > 0 ? ", on " : "",
                    claim_tables_depends(claim, arena));
        print_field("weakest point", "%s", claim->text->weakest);
        for (unsigned p = 0; p < claim->text->parts_count; p++) {
            print_part(claim, &claim->parts[p]);
        }
        for (int64_t e = 0; e < claim->evidence_count; e++) {
            printf("  %-14s %s\n", e == 0 ? "evidence" : "", claim->evidence[e]);
        }
    }
    arena_free(arena);
}

static void print_markdown_claim(const struct claim *claim, struct arena *arena)
{
    char text[3][TEXT_SIZE];
    printf("\n## %s\n\n%s\n\n* Source: %s (%s)\n* Verdict: **%s**%s%s\n* Weakest assumption: "
           "%s\n\n",
           claim->id, claim->text->statement, claim->text->source, claim->text->date,
           claim_verdict_name(claim->verdict), claim->depends_count > 0 ? ", on " : "",
           claim_tables_depends(claim, arena), claim->text->weakest);
    printf("| part | figure | range | claimed | verdict | moved most by |\n"
           "|---|---|---|---|---|---|\n");
    for (unsigned p = 0; p < claim->text->parts_count; p++) {
        const struct claim_part *part = &claim->parts[p];
        printf("| %s | %s %s |", part->text->name, figure(text[0], part->value),
               part->text->unit);
        printf(" %s to %s | %s | %s | %s |\n", figure(text[0], part->low),
               figure(text[1], part->high), claimed(text[2], part),
               claim_verdict_name(part->verdict),
               part->swing_count > 0 ? claim->drivers[part->swings[0].driver].name : "nothing");
    }
    printf("\nEvidence:\n\n");
    for (int64_t e = 0; e < claim->evidence_count; e++) {
        printf("* %s\n", claim->evidence[e]);
    }
}

void reproduce_print_markdown(struct claim *const *claims, int64_t count)
{
    struct arena *arena = arena_create();
    printf(
        "# Claims\n\nWritten by `trnsim reproduce --markdown`. What was said in public about "
        "these machines, and what\nsimulation and arithmetic say to it; how verdicts are "
        "found: `docs/MODEL.md`, \"Claims\".\n\n| claim | verdict | depends on |\n"
        "|---|---|---|\n");
    for (int64_t i = 0; i < count; i++) {
        printf("| [%s](#%s): %s | %s | %s |\n", claims[i]->id, claims[i]->id,
               claims[i]->text->title, claim_verdict_name(claims[i]->verdict),
               claim_tables_depends(claims[i], arena));
    }
    for (int64_t i = 0; i < count; i++) {
        print_markdown_claim(claims[i], arena);
    }
    arena_free(arena);
}

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *texts(const char *const *list, int64_t count)
{
    json_t *array = json_array();
    for (int64_t i = 0; i < count; i++) {
        json_array_append_new(array, json_string(list[i]));
    }
    return array;
}

static void add_figure(json_t *object, const struct claim_part *part)
{
    json_object_set_new(object, "figure", number(part->value));
    json_object_set_new(object, "unit", json_string(part->text->unit));
    json_object_set_new(object, "low", number(part->low));
    json_object_set_new(object, "high", number(part->high));
}

static json_t *inputs_object(const struct claim *claim, const struct claim_part *part)
{
    json_t *array = json_array();
    for (int64_t i = 0; i < part->swing_count; i++) {
        const struct claim_swing *swing = &part->swings[i];
        json_t *object = json_object();
        json_object_set_new(object, "input", json_string(claim->drivers[swing->driver].name));
        json_object_set_new(object, "figure_low", number(swing->low));
        json_object_set_new(object, "figure_high", number(swing->high));
        json_object_set_new(object, "changes_verdict", json_boolean(swing->changes));
        json_object_set_new(object, "threshold", number(swing->threshold));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *parts_object(const struct claim *claim)
{
    json_t *array = json_array();
    for (unsigned p = 0; p < claim->text->parts_count; p++) {
        const struct claim_part *part = &claim->parts[p];
        json_t *object = json_object();
        json_object_set_new(object, "part", json_string(part->text->name));
        json_object_set_new(object, "verdict", json_string(claim_verdict_name(part->verdict)));
        add_figure(object, part);
        json_object_set_new(object, "least", number(part->least));
        json_object_set_new(object, "most", number(part->most));
        json_object_set_new(object, "inputs", inputs_object(claim, part));
        json_array_append_new(array, object);
    }
    return array;
}

bool reproduce_print_json(struct claim *const *claims, int64_t count, struct error *error)
{
    json_t *list = json_array();
    for (int64_t i = 0; i < count; i++) {
        const struct claim *claim = claims[i];
        json_t *object = json_object();
        json_object_set_new(object, "id", json_string(claim->id));
        json_object_set_new(object, "verdict", json_string(claim_verdict_name(claim->verdict)));
        add_figure(object, &claim->parts[0]);
        json_object_set_new(object, "depends_on",
                            texts(claim->depends_on, claim->depends_count));
        json_object_set_new(object, "evidence", texts(claim->evidence, claim->evidence_count));
        json_object_set_new(object, "statement", json_string(claim->text->statement));
        json_object_set_new(object, "source", json_string(claim->text->source));
        json_object_set_new(object, "date", json_string(claim->text->date));
        json_object_set_new(object, "weakest_assumption", json_string(claim->text->weakest));
        json_object_set_new(object, "parts", parts_object(claim));
        json_array_append_new(list, object);
    }
    return print_json(list, error);
}
