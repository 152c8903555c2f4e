/* SPDX-License-Identifier: Apache-2.0 */
/* A name is "number", "price", "platform.property", "run.measure" or "goodput.measure". */
#include "study/claim_value.h"

#include <math.h>
#include <string.h>

#include "base/units.h"
#include "economics/price.h"
#include "hardware/platform.h"
#include "study/claim_formula.h"
#include "study/claim_goodput.h"

static const char *const measure_names[] = {
#define NAME(name, meaning) #name,
    CLAIM_MEASURES(NAME)
#undef NAME
};

const char *claim_measure_name(enum claim_measure measure)
{
    return measure_names[measure];
}

static double at_end(const struct claim_state *state, int64_t index)
{
    const struct claim_driver *driver = &state->claim->drivers[index];
    int end = state->ends == NULL ? 0 : state->ends[index];
    return end == 0 ? driver->value : end < 0 ? driver->low : driver->high;
}

static void add_driver(struct claim *claim, const struct claim_driver *driver)
{
    claim->drivers = arena_grow(claim->arena, claim->drivers, claim->driver_count,
                                &claim->driver_capacity, sizeof *claim->drivers);
    claim->drivers[claim->driver_count] = *driver;
    claim->drivers[claim->driver_count].run = -1;
    claim->drivers[claim->driver_count].name = arena_text(claim->arena, driver->name);
    claim->driver_count++;
}

/* Numbers */

static bool read_amount(const struct claim_number_text *number, const char *text, double *value,
                        struct error *error)
{
    const char *unit = number->unit != NULL ? number->unit : "";
    enum unit kind = UNIT_FRACTION;
    for (enum unit u = UNIT_SECONDS; u < UNIT_FRACTION; u++) {
        kind = strcmp(units_name(u), unit) == 0 ? u : kind;
    }
    struct error cause = {.kind = ERROR_NONE};
    if (!units_read(text, kind, value, &cause)) {
        return error_fill(error, ERROR_INPUT, "the number '%s': %s", number->name,
                          cause.message);
    }
    return true;
}

static bool add_number(struct claim *claim, const struct claim_number_text *number,
                       struct error *error)
{
    struct claim_driver driver = {.name = number->name,
                                  .source = number->source,
                                  .estimate = strncmp(number->source, "estimate", 8) == 0};
    if (!read_amount(number, number->value, &driver.value, error)) {
        return false;
    }
    const char *low = number->low != NULL ? number->low : number->value;
    const char *high = number->high != NULL ? number->high : number->value;
    if (!read_amount(number, low, &driver.low, error) ||
        !read_amount(number, high, &driver.high, error)) {
        return false;
    }
    if (driver.low > driver.value || driver.high < driver.value) {
        return error_fill(error, ERROR_INPUT, "the number '%s' is outside of its low and high",
                          number->name);
    }
    add_driver(claim, &driver);
    return true;
}

/* Prices */

static const struct platform *platform_of(const struct claim *claim, const char *name,
                                          size_t length)
{
    for (unsigned i = 0; i < claim->text->platforms_count; i++) {
        const char *own = claim->text->platforms[i].name;
        if (strlen(own) == length && strncmp(own, name, length) == 0) {
            return claim->platforms[i];
        }
    }
    return NULL;
}

static bool add_price(struct claim *claim, const struct claim_price_text *text,
                      struct error *error)
{
    const struct platform *platform =
        platform_of(claim, text->platform, strlen(text->platform));
    enum price_kind kind;
    if (platform == NULL) {
        return error_fill(error, ERROR_INPUT,
                          "the price '%s' is of platform '%s', expected one that is listed",
                          text->name, text->platform);
    }
    struct price_book *book = price_read(claim_file(claim, text->book), claim->arena, error);
    if (book == NULL || !price_kind_read(text->kind, &kind, error)) {
        return false;
    }
    const struct price *price =
        price_find(book, platform->name, platform->chips[0]->type, kind, error);
    if (price == NULL) {
        return false;
    }
    struct claim_driver driver = {.name = text->name,
                                  .source = price->source,
                                  .value = price->usd_per_chip_h,
                                  .low = price->low_usd_per_chip_h,
                                  .high = price->high_usd_per_chip_h,
                                  .estimate = price->is_estimate};
    add_driver(claim, &driver);
    return true;
}

/* Platforms and runs */

static bool add_property(struct claim *claim, const struct platform *platform, const char *name,
                         struct error *error)
{
    const char *wanted = strchr(name, '.') + 1;
    struct claim_driver driver = {.name = name, .source = platform->path};
    if (strcmp(wanted, "chips") == 0) {
        driver.value = driver.low = driver.high = (double)platform->chip_count;
        add_driver(claim, &driver);
        return true;
    }
    for (int64_t i = 0; i < platform->property_count; i++) {
        const struct property *property = &platform->properties[i];
        if (strcmp(property->name, wanted) == 0) {
            driver.source = property->source;
            driver.value = property->value;
            driver.low = property->low;
            driver.high = property->high;
            driver.estimate =
                property->source != NULL && strncmp(property->source, "estimate", 8) == 0;
            add_driver(claim, &driver);
            return true;
        }
    }
    return error_fill(error, ERROR_INPUT,
                      "the platform %s has no property '%s'; trnsim platform inspect lists "
                      "those there are",
                      platform->path, wanted);
}

/* What the run's properties do to a measure multiplies, each as simulated alone. */
static double measure_of_run(const struct claim_state *state, int64_t run,
                             enum claim_measure measure)
{
    const struct claim *claim = state->claim;
    double base = claim->outcomes[run]->measures[measure], value = base;
    for (int64_t d = 0; state->ends != NULL && d < claim->driver_count; d++) {
        const struct claim_driver *driver = &claim->drivers[d];
        if (driver->run == run && state->ends[d] != 0) {
            value *= driver->ends[state->ends[d] > 0]->measures[measure] / base;
        }
    }
    return value;
}

static bool run_value(const struct claim_state *state, int64_t run, const char *name,
                      double *value, struct error *error)
{
    for (enum claim_measure m = 0; m < CLAIM_MEASURE_COUNT; m++) {
        if (strcmp(measure_names[m], name) == 0) {
            *value = measure_of_run(state, run, m);
            if (isfinite(*value)) {
                return true;
            }
        }
    }
    return error_fill(error, ERROR_INPUT, "the run '%s' has no '%s'; a %s",
                      state->claim->text->runs[run].name, name,
                      state->claim->outcomes[run]->serving
                          ? "served load has chips, tokens_per_s, power_W, J_per_token, "
                            "requests_per_s, input_tokens_per_s, prefilled_tokens_per_s, "
                            "ttft_s, ttft_p99_s, tpot_s, tpot_p99_s, slo, load, "
                            "sessions_per_s and kv_tokens"
                          : "training step has chips, step_s, tokens_per_s, mfu, power_W, "
                            "J_per_token and checkpoint_bytes");
}

static bool dotted(struct claim_state *state, const char *name, double *value,
                   struct error *error)
{
    struct claim *claim = state->claim;
    size_t length = strcspn(name, ".");
    const struct platform *platform = platform_of(claim, name, length);
    if (platform != NULL) {
        bool added = add_property(claim, platform, name, error);
        *value = added ? claim->drivers[claim->driver_count - 1].value : 0;
        return added;
    }
    for (unsigned i = 0; i < claim->text->runs_count; i++) {
        const char *own = claim->text->runs[i].name;
        if (strlen(own) == length && strncmp(own, name, length) == 0) {
            return run_value(state, i, name + length + 1, value, error);
        }
    }
    for (unsigned i = 0; i < claim->text->goodputs_count; i++) {
        const char *own = claim->text->goodputs[i].name;
        if (strlen(own) == length && strncmp(own, name, length) == 0) {
            return claim_goodput(state, i, name + length + 1, value, error);
        }
    }
    return error_fill(error, ERROR_INPUT,
                      "there is no platform, run or goodput of the name in '%s'", name);
}

static bool plain(struct claim *claim, const char *name, struct error *error)
{
    const struct claim_text *text = claim->text;
    for (unsigned i = 0; i < text->numbers_count; i++) {
        if (strcmp(text->numbers[i].name, name) == 0) {
            return add_number(claim, &text->numbers[i], error);
        }
    }
    for (unsigned i = 0; i < text->prices_count; i++) {
        if (strcmp(text->prices[i].name, name) == 0) {
            return add_price(claim, &text->prices[i], error);
        }
    }
    return error_fill(error, ERROR_INPUT, "there is no number or price '%s'", name);
}

static bool find(void *argument, const char *name, double *value, struct error *error)
{
    struct claim_state *state = argument;
    struct claim *claim = state->claim;
    for (int64_t d = 0; d < claim->driver_count; d++) {
        if (claim->drivers[d].run < 0 && strcmp(claim->drivers[d].name, name) == 0) {
            *value = at_end(state, d);
            return true;
        }
    }
    if (strchr(name, '.') != NULL) {
        return dotted(state, name, value, error);
    }
    bool added = plain(claim, name, error);
    *value = added ? claim->drivers[claim->driver_count - 1].value : 0;
    return added;
}

bool claim_value(struct claim_state *state, const char *formula, const char *key, double *value,
                 struct error *error)
{
    struct error cause = {.kind = ERROR_NONE};
    if (claim_formula_value(formula, find, state, value, &cause)) {
        return true;
    }
    if (cause.path[0] != '\0') { /* another file is wrong */
        *error = cause;
        return false;
    }
    struct document_place place = document_place(state->claim->document, key);
    return error_at(error, cause.kind, state->claim->path, place.line, place.column, "%s: %s",
                    key, cause.message);
}
