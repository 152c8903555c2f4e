/* SPDX-License-Identifier: Apache-2.0 */
/* Where the uncertain inputs of a run come from, and the sweep file that they become. */
#define _XOPEN_SOURCE 700 /* realpath */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/units.h"
#include "cli/uncertainty.h"
#include "hardware/platform_change.h"
#include "record/new_file.h"
#include "workload/scenario_key.h"

static const char prefix[] = "platform.";

static struct uncertainty_input *find(struct uncertainty_run *run, const char *key)
{
    for (int64_t i = 0; i < run->input_count; i++) {
        if (strcmp(run->inputs[i].key, key) == 0) {
            return &run->inputs[i];
        }
    }
    return NULL;
}

static struct uncertainty_input *add(struct uncertainty_run *run, const char *key,
                                     struct error *error)
{
    struct uncertainty_input *input = find(run, key);
    if (input == NULL && run->input_count == UNCERTAINTY_LIMIT) {
        error_fill(error, ERROR_USAGE,
                   "there are more than %d uncertain inputs; choose some with --only",
                   UNCERTAINTY_LIMIT);
        return NULL;
    }
    input = input == NULL ? &run->inputs[run->input_count++] : input;
    *input = (struct uncertainty_input){.key = key, .usual = ""};
    return input;
}

static bool asked_for(const struct uncertainty_run *run, const char *key)
{
    bool asked = run->request->only_count == 0;
    for (int i = 0; i < run->request->only_count; i++) {
        const char *only = run->request->only[i];
        const char *own =
            strncmp(key, prefix, strlen(prefix)) == 0 ? key + strlen(prefix) : key;
        asked = asked || strncmp(key, only, strlen(only)) == 0 ||
                strncmp(own, only, strlen(only)) == 0;
    }
    return asked;
}

/* What no simulation reads: published beside the model, or how far measurements lie from it. */
static bool is_beside(const struct property *property)
{
    return strncmp(property->name, "published.", 10) == 0 ||
           strstr(property->name, ".evidence_") != NULL;
}

/* Low, value and high make a triangle. */
static bool add_properties(struct uncertainty_run *run, struct error *error)
{
    for (int64_t i = 0; i < run->platform->property_count; i++) {
        const struct property *property = &run->platform->properties[i];
        const char *key = arena_format(run->arena, "%s%s", prefix, property->name);
        if (!(property->low < property->high) || !asked_for(run, key) || is_beside(property)) {
            continue;
        }
        struct uncertainty_input *input = add(run, key, error);
        if (input == NULL) {
            return false;
        }
        input->usual = property->text;
        input->source = property->source;
        input->whole = property->unit == UNIT_COUNT;
        input->distribution = (struct distribution){.kind = DISTRIBUTION_TRIANGULAR,
                                                    .a = property->low,
                                                    .b = property->value,
                                                    .c = property->high,
                                                    .unit = units_name(property->unit)};
    }
    return true;
}

static bool add_price(struct uncertainty_run *run, struct error *error)
{
    const struct price *price = run->price;
    if (price == NULL || !(price->low_usd_per_chip_h < price->high_usd_per_chip_h) ||
        !asked_for(run, "price")) {
        return true;
    }
    struct uncertainty_input *input = add(run, "price", error);
    if (input != NULL) {
        input->source = price->source;
        input->distribution = (struct distribution){.kind = DISTRIBUTION_TRIANGULAR,
                                                    .a = price->low_usd_per_chip_h,
                                                    .b = price->usd_per_chip_h,
                                                    .c = price->high_usd_per_chip_h,
                                                    .unit = "USD/h"};
    }
    return input != NULL;
}

static bool is_whole(const struct property *property, const struct scenario_key *key)
{
    return (property != NULL && property->unit == UNIT_COUNT) ||
           (key != NULL && (key->type == KEY_COUNT || key->type == KEY_CHIPS));
}

/* Both ends of the range are values that the platform may have. The first that is not is told
 * with its key; keys of the workload are checked by the sweep that they become. */
static bool ends_are_good(const struct uncertainty_run *run, const char *key,
                          const struct property *property,
                          const struct distribution *distribution, struct error *error)
{
    double ends[2];
    distribution_ends(distribution, ends);
    for (int i = 0; property != NULL && i < 2; i++) {
        struct error cause = {.kind = ERROR_NONE};
        struct platform_change change = {
            property->name,
            distribution_text(distribution, ends[i], property->unit == UNIT_COUNT, run->arena)};
        if (platform_change(run->platform, &change, 1, run->arena, &cause) == NULL) {
            return error_fill(error, ERROR_USAGE, "the range of %.100s: %.600s", key,
                              cause.message);
        }
    }
    return true;
}

static bool read_range(const struct uncertainty_run *run, const char *key, const char *is,
                       const struct property *property, struct distribution *distribution,
                       struct error *error)
{
    struct error cause = {.kind = ERROR_NONE};
    if (!distribution_read(is, distribution, run->arena, &cause)) {
        return error_fill(error, ERROR_USAGE, "the range of %.100s: %.600s", key,
                          cause.message);
    }
    return ends_are_good(run, key, property, distribution, error);
}

/* A price is at least nothing, also far out where a distribution has no end. */
static bool price_is_good(const struct distribution *distribution, struct arena *arena,
                          struct error *error)
{
    static const double far_out[] = {1e-6, 1 - 1e-6};
    for (int i = 0; i < 2; i++) {
        const char *text = distribution_text(distribution, far_out[i], false, arena);
        struct error cause = {.kind = ERROR_NONE};
        double usd_per_h;
        if (!units_read(text, UNIT_USD_PER_H, &usd_per_h, &cause)) {
            return error_fill(error, ERROR_USAGE, "the range of price: %.600s", cause.message);
        }
    }
    return true;
}

static bool is_set(const struct uncertainty_run *run, const struct scenario_key *key)
{
    bool found = false;
    for (int i = 0; i < run->request->set_count; i++) {
        const char *text = run->request->set[i];
        int length = (int)strcspn(text, "=");
        const char *name = arena_format(run->arena, "%.*s", length, text);
        found = found || (key != NULL && scenario_key_find(name) == key);
    }
    return found;
}

/* A price that there is, a property of the platform, or a key of the workload without a value.
 */
static bool may_vary(const struct uncertainty_run *run, const char *key,
                     const struct property *known, const struct scenario_key *own,
                     struct error *error)
{
    if (strcmp(key, "price") == 0) {
        return run->price != NULL ||
               error_fill(error, ERROR_USAGE,
                          "the price is varied, but there is none of this machine; name a book "
                          "with --prices");
    }
    if (known == NULL && own == NULL) {
        return error_fill(error, ERROR_USAGE,
                          "'%.80s' cannot be varied; expected a key of the workload, "
                          "platform.PROPERTY as trnsim platform inspect lists them, or price",
                          key);
    }
    return !is_set(run, own) ||
           error_fill(error, ERROR_USAGE,
                      "'%.80s' has a value (--set) and a range (--vary); keep one", key);
}

/* Keys of the workload, of the platform, or the price. */
static bool add_asked(struct uncertainty_run *run, const char *key, const char *is,
                      const char *source, struct error *error)
{
    bool price = strcmp(key, "price") == 0;
    bool property = strncmp(key, prefix, strlen(prefix)) == 0;
    const struct property *known =
        property ? platform_property(run->platform, key + strlen(prefix)) : NULL;
    const struct scenario_key *own = property || price ? NULL : scenario_key_find(key);
    if (!may_vary(run, key, known, own, error)) {
        return false;
    }
    struct uncertainty_input *input = add(run, arena_text(run->arena, key), error);
    if (input == NULL || !read_range(run, key, is, known, &input->distribution, error)) {
        return false;
    }
    if (price && !price_is_good(&input->distribution, run->arena, error)) {
        return false;
    }
    input->source = source;
    input->usual = known != NULL ? known->text : "";
    input->whole = is_whole(known, own);
    return true;
}

static bool add_option(struct uncertainty_run *run, const char *text, struct error *error)
{
    size_t length = strcspn(text, "=");
    if (text[length] == '\0') {
        return error_fill(error, ERROR_USAGE,
                          "--vary: found '%.80s', expected KEY=RANGE, such as "
                          "batch_tokens=4194304..16777216",
                          text);
    }
    return add_asked(run, arena_format(run->arena, "%.*s", (int)length, text),
                     text + length + 1, "--vary", error);
}

/* Ranges of the workload file, but of what has a value with --set: who asks knows better. */
static bool add_ranges(struct uncertainty_run *run, struct error *error)
{
    for (int64_t i = 0; i < run->scenario->range_count; i++) {
        const struct scenario_range *range = &run->scenario->ranges[i];
        bool known = is_set(run, scenario_key_find(range->key));
        if (!known && asked_for(run, range->key) &&
            !add_asked(run, range->key, range->is, run->scenario->path, error)) {
            return false;
        }
    }
    return true;
}

bool uncertainty_inputs(struct uncertainty_run *run, struct error *error)
{
    const struct uncertainty_request *request = run->request;
    if (!add_properties(run, error) || !add_price(run, error) || !add_ranges(run, error)) {
        return false;
    }
    for (int i = 0; i < request->vary_count; i++) {
        if (!add_option(run, request->vary[i], error)) {
            return false;
        }
    }
    run->price_input = -1;
    for (int64_t i = 0; i < run->input_count; i++) {
        run->price_input = strcmp(run->inputs[i].key, "price") == 0 ? i : run->price_input;
    }
    return run->input_count > 0 ||
           error_fill(error, ERROR_USAGE,
                      "no input has a range%s; name one with --vary KEY=RANGE",
                      request->only_count > 0 ? " among those of --only" : "");
}

/* The sweep */

static const char *quoted(const char *text, struct arena *arena)
{
    char *made = arena_alloc(arena, 2 * strlen(text) + 3), *to = made;
    *to++ = '\'';
    for (const char *from = text; *from != '\0'; from++) {
        *to++ = *from;
        if (*from == '\'') {
            *to++ = '\'';
        }
    }
    *to++ = '\'';
    *to = '\0';
    return made;
}

static void write_key(FILE *file, const char *name, const char *value, struct arena *arena)
{
    if (value != NULL) {
        fprintf(file, "%s: %s\n", name, quoted(value, arena));
    }
}

static const char *whole_path(const char *path, struct arena *arena)
{
    char found[PATH_MAX];
    return path == NULL || realpath(path, found) == NULL ? path : arena_text(arena, found);
}

static void write_head(const struct uncertainty_run *run, FILE *file)
{
    const struct uncertainty_request *request = run->request;
    struct arena *arena = run->arena;
    fprintf(file,
            "# Written by trnsim uncertainty: the usual point, each input at both its ends, "
            "then samples of all.\n");
    write_key(file, "title", run->scenario->title, arena);
    write_key(file, "workload", whole_path(request->workload, arena), arena);
    write_key(file, "platform", whole_path(request->platform, arena), arena);
    write_key(file, "prices",
              request->prices == NULL ? "none" : whole_path(request->prices, arena), arena);
    write_key(file, "price_kind", request->price_kind, arena);
    write_key(file, "detail", request->detail, arena);
    write_key(file, "find_capacity", request->find_capacity ? "on" : NULL, arena);
    if (request->domains > 0) {
        fprintf(file, "ultraservers: %lld\n", (long long)request->domains);
    }
    if (request->set_count > 0) {
        fprintf(file, "set:\n");
    }
    for (int i = 0; i < request->set_count; i++) {
        fprintf(file, "  - %s\n", quoted(request->set[i], arena));
    }
}

static void write_axes(const struct uncertainty_run *run, FILE *file)
{
    int64_t written = 0;
    for (int64_t i = 0; i < run->input_count; i++) {
        if (i == run->price_input) {
            continue; /* dollars are proportional to it: nothing is run */
        }
        fprintf(file, "%s      - key: %s\n        values: [",
                written++ == 0 ? "axes:\n  - zip:\n" : "", run->inputs[i].key);
        for (int64_t p = 0; p < run->uncertainty->point_count; p++) {
            fprintf(file, "%s%s", p > 0 ? ", " : "",
                    quoted(uncertainty_text(run->uncertainty, p, i), run->arena));
        }
        fprintf(file, "]\n");
    }
}

const char *uncertainty_write_sweep(struct uncertainty_run *run, struct error *error)
{
    const char *path = arena_format(run->arena, "%s/samples.yaml", run->folder);
    FILE *file = fopen(path, "w");
    if (file != NULL) {
        write_head(run, file);
        write_axes(run, file);
        if (fclose(file) == 0) {
            return path;
        }
    }
    error_at(error, ERROR_SYSTEM, path, 0, 0, "cannot be written (%s); name a folder with -o",
             strerror(errno));
    return NULL;
}
