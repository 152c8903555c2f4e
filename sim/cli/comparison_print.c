/* SPDX-License-Identifier: Apache-2.0 */
/* Words for ratios. "1.13 times cheaper" is said only beside the two numbers that it comes
 * from. */
#include "cli/comparison_print.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/print.h"

static const struct metric {
    enum summary_column column;
    const char *label, *unit; /* unit: as print_quantity takes it; "%" for a share */
} metrics[] = {
    {SUMMARY_CHIPS, "chips", "1"},
    {SUMMARY_TOKENS_PER_STEP, "tokens per step", "1"},
    {SUMMARY_STEP_TIME, "time per step", "s"},
    {SUMMARY_TOKENS_PER_S, "tokens/s", "1"},
    {SUMMARY_TOKENS_PER_S_PER_CHIP, "tokens/s per chip", "1"},
    {SUMMARY_MFU, "MFU", "%"},
    {SUMMARY_PEAK_MEMORY, "memory of the fullest chip", "B"},
    {SUMMARY_COST_PER_H, "price of the machine", "USD/h"},
    {SUMMARY_COST, "cost per million tokens", "USD"},
    {SUMMARY_ENERGY, "energy per million tokens", "J"},
    {SUMMARY_POWER, "power, mean", "W"},
};
enum { METRIC_COUNT = sizeof metrics / sizeof metrics[0], LABEL = 27, FIELD = 14 };

static char *metric_text(char buffer[PRINT_SIZE], const struct metric *metric,
                         const struct compared *compared)
{
    double value = comparison_value(compared, metric->column);
    if (strcmp(metric->unit, "%") == 0) {
        return print_share(buffer, value);
    }
    if (metric->column == SUMMARY_CHIPS) {
        snprintf(buffer, PRINT_SIZE, "%.0f", value);
        return buffer;
    }
    return print_quantity(buffer, value, metric->unit);
}

static int wider(const char *text)
{
    int width = (int)strlen(text);
    return width > FIELD ? width : FIELD;
}

static void print_ratios(const struct compared *result, const struct compared *baseline)
{
    int left = wider(result->name), right = wider(baseline->name);
    printf("  %-*s  %*s  %*s  %8s\n", LABEL, "", left, result->name, right, baseline->name,
           "ratio");
    for (int i = 0; i < METRIC_COUNT; i++) {
        char value[PRINT_SIZE], base[PRINT_SIZE], ratio[PRINT_SIZE];
        print_count(ratio, comparison_ratio(result, baseline, metrics[i].column));
        printf("  %-*s  %*s  %*s  %8s\n", LABEL, metrics[i].label, left,
               metric_text(value, &metrics[i], result), right,
               metric_text(base, &metrics[i], baseline), ratio);
    }
}

/* "1.13 times cheaper than", "as cheap as": more is said of ratios above 1. */
static void print_times(double ratio, const char *more, const char *less, const char *equal)
{
    char times[PRINT_SIZE];
    if (fabs(ratio - 1) < 0.005) {
        fputs(equal, stdout);
        return;
    }
    printf("%s times %s than", print_count(times, ratio > 1 ? ratio : 1 / ratio),
           ratio > 1 ? more : less);
}

static const char *estimate_note(const struct compared *result, const struct compared *baseline)
{
    bool ours = comparison_value(result, SUMMARY_PRICE_IS_ESTIMATE) > 0;
    bool theirs = comparison_value(baseline, SUMMARY_PRICE_IS_ESTIMATE) > 0;
    if (ours && theirs) {
        return "; both prices are estimates";
    }
    return ours     ? "; its price is an estimate"
           : theirs ? "; the baseline's price is an estimate"
                    : "";
}

static void print_speed(const struct compared *result, const struct compared *baseline)
{
    double ratio = comparison_ratio(result, baseline, SUMMARY_TOKENS_PER_S);
    printf("  %s is ", result->name);
    print_times(ratio, "faster", "slower", "as fast as");
    printf(" %s", baseline->name);
    double per_chip = comparison_ratio(result, baseline, SUMMARY_TOKENS_PER_S_PER_CHIP);
    char times[PRINT_SIZE];
    printf(",\n    with %s times its tokens/s per chip\n", print_count(times, per_chip));
    struct comparison_range range = comparison_speed_range(result, baseline);
    char low[PRINT_SIZE], high[PRINT_SIZE];
    bool faster = ratio >= 1;
    if (range.low < range.high) {
        printf("    (%s to %s times by the ranges of the step times)\n",
               print_count(low, faster ? range.low : 1 / range.high),
               print_count(high, faster ? range.high : 1 / range.low));
    }
}

static void print_break_even(const struct compared *result, const struct compared *baseline)
{
    double even = comparison_break_even(result, baseline);
    double own = comparison_usd_per_chip_h(result);
    char text[3][PRINT_SIZE];
    if (isfinite(even)) {
        printf("  %s would cost as much per token at %s a chip, 30 %% less at %s (now %s)\n",
               result->name, print_quantity(text[0], even, "USD/h"),
               print_quantity(text[1], 0.7 * even, "USD/h"),
               print_quantity(text[2], own, "USD/h"));
    }
}

static void print_cost_range(const struct compared *result, const struct compared *baseline)
{
    struct comparison_range prices = comparison_price_range(result, baseline);
    struct comparison_range times = comparison_time_range(result, baseline);
    const char *note = estimate_note(result, baseline);
    char text[4][PRINT_SIZE];
    if (times.low < times.high) {
        printf(
            "\n    (%s to %s times by the ranges of the prices, %s to %s by those of the step "
            "times too%s)\n",
            print_count(text[0], prices.low), print_count(text[1], prices.high),
            print_count(text[2], prices.low * times.low),
            print_count(text[3], prices.high * times.high), note);
    } else if (prices.low < prices.high) {
        printf("\n    (%s to %s times by the ranges of the prices%s)\n",
               print_count(text[0], prices.low), print_count(text[1], prices.high), note);
    } else {
        printf("%s%s%s\n", *note != '\0' ? "\n    (" : "", *note != '\0' ? note + 2 : "",
               *note != '\0' ? ")" : "");
    }
}

static void print_cost(const struct compared *result, const struct compared *baseline)
{
    double ratio = comparison_ratio(result, baseline, SUMMARY_COST);
    if (!isfinite(ratio)) {
        const struct compared *unknown =
            isfinite(comparison_value(result, SUMMARY_COST)) ? baseline : result;
        printf("  Cost cannot be compared: %s has no price (%s);\n    %s\n", unknown->name,
               unknown->path,
               unknown->is_measured ? "give one in the CSV file of the measurement"
                                    : "run it with --prices and a book that knows its chips");
        return;
    }
    char value[PRINT_SIZE], base[PRINT_SIZE];
    printf("  %s is ", result->name);
    print_times(ratio, "dearer", "cheaper", "as dear as");
    printf(" %s per token:\n    %s against %s per million", baseline->name,
           print_quantity(value, comparison_value(result, SUMMARY_COST), "USD"),
           print_quantity(base, comparison_value(baseline, SUMMARY_COST), "USD"));
    print_cost_range(result, baseline);
}

static void print_energy(const struct compared *result, const struct compared *baseline)
{
    double ratio = comparison_ratio(result, baseline, SUMMARY_ENERGY);
    char times[PRINT_SIZE];
    if (isfinite(ratio)) {
        printf("  %s needs %s times the energy per token\n"
               "    (powers are partly estimates: trnsim platform inspect shows which)\n",
               result->name, print_count(times, ratio));
    }
}

/* The cost ratio is the product of two that have different causes. */
static void print_factors(const struct compared *result, const struct compared *baseline)
{
    char chip_hours[PRINT_SIZE], price[PRINT_SIZE];
    printf("\nWhy: per token it takes %s times the chip-hours",
           print_count(chip_hours, comparison_chip_h(result) / comparison_chip_h(baseline)));
    double prices = comparison_usd_per_chip_h(result) / comparison_usd_per_chip_h(baseline);
    if (isfinite(prices)) {
        printf(", each at %s times the price", print_count(price, prices));
    }
    puts(".");
}

static void print_part(const struct comparison_part *part, int left, int right)
{
    char value[PRINT_SIZE], base[PRINT_SIZE], more[PRINT_SIZE], difference[PRINT_SIZE + 1];
    print_count(more, fabs(part->chip_h - part->baseline_chip_h));
    snprintf(difference, sizeof difference, "%s%s",
             part->chip_h < part->baseline_chip_h ? "-" : "+", more);
    printf("  %-*s  %*s  %*s  %10s\n", LABEL, part->part, left,
           print_count(value, part->chip_h), right, print_count(base, part->baseline_chip_h),
           difference);
}

static void print_parts(const struct compared *result, const struct compared *baseline,
                        struct arena *arena)
{
    int count = 0;
    struct comparison_part *parts = comparison_parts(result, baseline, arena, &count);
    if (result->is_measured || baseline->is_measured) {
        puts("A measurement does not say which part of the step took how long.");
        return;
    }
    puts("Chip-hours per million tokens, by part of the step:");
    int left = wider(result->name), right = wider(baseline->name);
    printf("  %-*s  %*s  %*s  %10s\n", LABEL, "", left, result->name, right, baseline->name,
           "difference");
    for (int i = 0; i < count; i++) {
        print_part(&parts[i], left, right);
    }
    const struct comparison_part whole = {"whole step", comparison_chip_h(result),
                                          comparison_chip_h(baseline)};
    print_part(&whole, left, right);
}

void comparison_print(const struct compared *result, const struct compared *baseline,
                      struct arena *arena)
{
    printf("%s: %s\n  against %s\n\n", comparison_text(result, SUMMARY_WORKLOAD), result->path,
           baseline->path);
    print_ratios(result, baseline);
    puts("");
    print_speed(result, baseline);
    print_cost(result, baseline);
    print_break_even(result, baseline);
    print_energy(result, baseline);
    print_factors(result, baseline);
    print_parts(result, baseline, arena);
}

static json_t *json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *json_ratios(const struct compared *result, const struct compared *baseline)
{
    json_t *ratios = json_object();
    for (int i = 0; i < METRIC_COUNT; i++) {
        json_object_set_new(ratios, summary_columns[metrics[i].column].name,
                            json_number(comparison_ratio(result, baseline, metrics[i].column)));
    }
    return ratios;
}

static json_t *json_range(struct comparison_range range)
{
    json_t *object = json_object();
    json_object_set_new(object, "low", json_number(range.low));
    json_object_set_new(object, "high", json_number(range.high));
    return object;
}

static json_t *json_parts(const struct compared *result, const struct compared *baseline,
                          struct arena *arena)
{
    int count = 0;
    struct comparison_part *parts = comparison_parts(result, baseline, arena, &count);
    json_t *array = json_array();
    for (int i = 0; i < count; i++) {
        json_t *part = json_object();
        json_object_set_new(part, "part", json_string(parts[i].part));
        json_object_set_new(part, "chip_h_per_million_tokens", json_number(parts[i].chip_h));
        json_object_set_new(part, "baseline_chip_h_per_million_tokens",
                            json_number(parts[i].baseline_chip_h));
        json_array_append_new(array, part);
    }
    return array;
}

json_t *comparison_json(const struct compared *result, const struct compared *baseline,
                        struct arena *arena)
{
    json_t *object = print_json_row(result->summary, 0);
    json_object_set_new(object, "path", json_string(result->path));
    json_object_set_new(object, "ratios", json_ratios(result, baseline));
    json_object_set_new(object, "tokens_per_s_ratio_range",
                        json_range(comparison_speed_range(result, baseline)));
    json_object_set_new(object, "price_ratio_range",
                        json_range(comparison_price_range(result, baseline)));
    json_object_set_new(object, "break_even_usd_per_chip_h",
                        json_number(comparison_break_even(result, baseline)));
    bool measured = result->is_measured || baseline->is_measured;
    json_object_set_new(object, "breakdown",
                        measured ? json_null() : json_parts(result, baseline, arena));
    return object;
}
