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

double claim_value_at(const struct claim_driver *driver, double end)
{
    double there = end < 0 ? driver->low : driver->high;
    return fabs(end) == 1 ? there : driver->value + fabs(end) * (there - driver->value);
}

static double end_of(const struct claim_state *state, int64_t driver)
{
    return state->ends == NULL ? 0 : state->ends[driver];
}

static bool pin_driver(const struct claim_options *options, struct claim_driver *driver,
                       enum unit unit, struct error *error)
{
    for (int i = 0; i < options->pin_count; i++) {
        struct claim_pin *pin = &options->pins[i];
        struct error cause = {.kind = ERROR_NONE};
        if (strcmp(pin->name, driver->name) != 0) {
            continue;
        }
        if (!units_read(pin->value, unit, &driver->value, &cause)) {
            return error_fill(error, ERROR_USAGE, "--with %.60s: %.600s", pin->name,
                              cause.message);
        }
        driver->low = driver->high = driver->value;
        driver->source = "given with --with";
        driver->estimate = false;
        pin->used = true;
    }
    return true;
}

static bool add_driver(const struct claim_state *state, struct claim_driver *driver,
                       enum unit unit, struct error *error)
{
    struct claim *claim = state->claim;
    if (!pin_driver(state->options, driver, unit, error)) {
        return false;
    }
    if (state->options->no_ranges) {
        driver->low = driver->high = driver->value;
    }
    claim->drivers = arena_grow(claim->arena, claim->drivers, claim->driver_count,
                                &claim->driver_capacity, sizeof *claim->drivers);
    claim->drivers[claim->driver_count] = *driver;
    claim->drivers[claim->driver_count].run = -1;
    claim->drivers[claim->driver_count].name = arena_text(claim->arena, driver->name);
    claim->driver_count++;
    return true;
}

/* Numbers */

static enum unit unit_of(const struct claim_number_text *number)
{
    const char *unit = number->unit != NULL ? number->unit : "";
    enum unit kind = UNIT_FRACTION;
    for (enum unit u = UNIT_SECONDS; u < UNIT_FRACTION; u++) {
        kind = strcmp(units_name(u), unit) == 0 ? u : kind;
    }
    return kind;
}

static bool read_amount(const struct claim_number_text *number, const char *text, double *value,
                        struct error *error)
{
    struct error cause = {.kind = ERROR_NONE};
    if (!units_read(text, unit_of(number), value, &cause)) {
        return error_fill(error, ERROR_INPUT, "the number '%s': %s", number->name,
                          cause.message);
    }
    return true;
}

static bool add_number(const struct claim_state *state, const struct claim_number_text *number,
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
    return add_driver(state, &driver, unit_of(number), error);
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

static bool add_price(const struct claim_state *state, const struct claim_price_text *text,
                      struct error *error)
{
    struct claim *claim = state->claim;
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
    return add_driver(state, &driver, UNIT_USD_PER_H, error);
}

/* Platforms and runs */

static bool add_property(const struct claim_state *state, const struct platform *platform,
                         const char *name, struct error *error)
{
    const char *wanted = strchr(name, '.') + 1;
    struct claim_driver driver = {.name = name, .source = platform->path};
    if (strcmp(wanted, "chips") == 0) {
        driver.value = driver.low = driver.high = (double)platform->chip_count;
        return add_driver(state, &driver, UNIT_COUNT, error);
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
            return add_driver(state, &driver, property->unit, error);
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
        double end = end_of(state, d);
        if (driver->run == run && end != 0) {
            double ratio = driver->ends[end > 0]->measures[measure] / base;
            value *= fabs(end) == 1 ? ratio : pow(ratio, fabs(end));
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
        bool added = add_property(state, platform, name, error);
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

static bool plain(const struct claim_state *state, const char *name, struct error *error)
{
    const struct claim_text *text = state->claim->text;
    for (unsigned i = 0; i < text->numbers_count; i++) {
        if (strcmp(text->numbers[i].name, name) == 0) {
            return add_number(state, &text->numbers[i], error);
        }
    }
    for (unsigned i = 0; i < text->prices_count; i++) {
        if (strcmp(text->prices[i].name, name) == 0) {
            return add_price(state, &text->prices[i], error);
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
            *value = claim_value_at(&claim->drivers[d], end_of(state, d));
            return true;
        }
    }
    if (strchr(name, '.') != NULL) {
        return dotted(state, name, value, error);
    }
    bool added = plain(state, name, error);
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
