/* SPDX-License-Identifier: Apache-2.0 */
/* Sums and counts over the chips, links and routes of one domain. */
#include "hardware/platform_report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hardware/platform_routes.h"

/* A published total within this part of the computed one is met: they are printed with two or
 * three figures. */
static const double rounding_fraction = 0.005;

static const char *media_text(const struct platform *platform, const int32_t *links,
                              int32_t count, struct arena *arena)
{
    const char *text = "";
    for (int32_t medium = 0; medium < platform->media_count; medium++) {
        int crossed = 0;
        for (int32_t i = 0; i < count; i++) {
            crossed += platform->links[links[i]].medium == medium;
        }
        if (crossed > 0) {
            text = arena_format(arena, "%s%s%s %d", text, *text == '\0' ? "" : ", ",
                                platform->media[medium].name, crossed);
        }
    }
    return text;
}

/* Whether two routes are alike: the same media as often, the same rate and latency. */
static bool alike(const struct platform *platform, const struct hop_class *class,
                  const int32_t *example, const int32_t *links)
{
    for (int32_t medium = 0; medium < platform->media_count; medium++) {
        int crossed = 0;
        for (int32_t i = 0; i < class->links; i++) {
            crossed += platform->links[links[i]].medium == medium;
            crossed -= platform->links[example[i]].medium == medium;
        }
        if (crossed != 0) {
            return false;
        }
    }
    return true;
}

struct class_list {
    struct platform_report *report;
    const int32_t **examples; /* a route of each class */
    int64_t class_room, example_room;
    struct arena *arena;
};

static void add_route(struct class_list *list, const int32_t *links, int32_t count)
{
    struct platform_report *report = list->report;
    const struct platform *platform = report->platform;
    double bandwidth_Bps = (double)INFINITY, latency_s = 0;
    for (int32_t i = 0; i < count; i++) {
        bandwidth_Bps = fmin(bandwidth_Bps, platform->links[links[i]].bandwidth_Bps);
        latency_s += platform->links[links[i]].latency_s;
    }
    for (int64_t i = 0; i < report->hop_class_count; i++) {
        struct hop_class *class = &report->hop_classes[i];
        if (class->links == count &&
            fabs(class->latency_s - latency_s) < 1e-9 * latency_s + 1e-15 &&
            fabs(class->bandwidth_Bps - bandwidth_Bps) < 1e-9 * bandwidth_Bps &&
            alike(platform, class, list->examples[i], links)) {
            class->pairs++;
            return;
        }
    }
    report->hop_classes = arena_grow(list->arena, report->hop_classes, report->hop_class_count,
                                     &list->class_room, sizeof *report->hop_classes);
    list->examples = arena_grow(list->arena, list->examples, report->hop_class_count,
                                &list->example_room, sizeof *list->examples);
    list->examples[report->hop_class_count] = links;
    report->hop_classes[report->hop_class_count++] = (struct hop_class){
        media_text(platform, links, count, list->arena), count, 1, bandwidth_Bps, latency_s};
}

static int by_pairs(const void *left, const void *right)
{
    const struct hop_class *a = left, *b = right;
    if (a->pairs != b->pairs) {
        return a->pairs < b->pairs ? 1 : -1;
    }
    return strcmp(a->media, b->media);
}

static void find_classes(struct platform_report *report, struct arena *arena)
{
    const struct platform *platform = report->platform;
    struct class_list list = {.report = report, .arena = arena};
    for (int64_t from = 0; from < platform->chip_count; from++) {
        for (int64_t to = 0; to < platform->chip_count; to++) {
            int32_t count;
            const int32_t *links = platform_route(platform, from, to, &count);
            if (from != to) {
                add_route(&list, links, count);
            }
        }
    }
    if (report->hop_class_count > 1) {
        qsort(report->hop_classes, (size_t)report->hop_class_count, sizeof *report->hop_classes,
              by_pairs);
    }
}

static void add_chips(struct platform_report *report)
{
    const struct platform *platform = report->platform;
    for (int64_t i = 0; i < platform->chip_count; i++) {
        const struct chip *chip = platform->chips[i];
        for (int dtype = 0; dtype < DTYPE_COUNT; dtype++) {
            report->peak_flops_per_s[dtype] += chip->headline_flops_per_s[dtype];
        }
        report->hbm_bytes += chip->hbm_bytes;
        report->hbm_Bps += chip->hbm_Bps;
        report->power_W += platform_power_W(platform, chip->tdp_W) / platform->pue -
                           platform->power_scale_out_per_chip_W;
    }
}

/* Links that are the first of a route between chips, each once. */
static double scale_up_Bps(const struct platform *platform, struct arena *arena)
{
    bool *seen = arena_array(arena, platform->link_count, sizeof *seen);
    double sum_Bps = 0;
    for (int64_t from = 0; from < platform->chip_count; from++) {
        for (int64_t to = 0; to < platform->chip_count; to++) {
            int32_t count;
            const int32_t *links = platform_route(platform, from, to, &count);
            if (from != to && !seen[links[0]]) {
                seen[links[0]] = true;
                sum_Bps += platform->links[links[0]].raw_Bps;
            }
        }
    }
    return sum_Bps;
}

static double scale_out_Bps(const struct platform *platform, struct arena *arena)
{
    double sum_Bps = 0;
    if (platform->nic_up_Bps != NULL) {
        const double *shares = platform_routes_nic_shares(platform, true, true, arena);
        for (int64_t i = 0; i < platform->chip_count; i++) {
            sum_Bps += shares[i];
        }
    }
    return sum_Bps;
}

/* Published bisections are raw rates. */
static double raw_bisection_Bps(const struct platform_report *report)
{
    const struct platform *platform = report->platform;
    if (report->halves.limit < 0) {
        return (double)NAN;
    }
    int32_t medium = platform->links[report->halves.limit].medium;
    return report->bisection_Bps / platform->media[medium].efficiency_fraction;
}

static bool begins(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* "fp8_total" is fp8; a peak with sparsity is none that we compute. */
static double peak_flops_per_s(const struct platform_report *report, const char *name)
{
    for (enum dtype dtype = 0; dtype < DTYPE_COUNT && strstr(name, "sparse") == NULL; dtype++) {
        size_t length = strlen(dtype_name(dtype));
        if (begins(name, dtype_name(dtype)) && (name[length] == '\0' || name[length] == '_')) {
            return report->peak_flops_per_s[dtype];
        }
    }
    return (double)NAN;
}

static double computed(const struct platform_report *report, const char *name)
{
    if (begins(name, "peak_")) {
        return peak_flops_per_s(report, name + strlen("peak_"));
    }
    const struct {
        const char *start;
        double value;
    } totals[] = {{"hbm_size", report->hbm_bytes},
                  {"hbm_bandwidth", report->hbm_Bps},
                  {"scale_up_bandwidth", report->scale_up_Bps},
                  {"scale_out_bandwidth", report->scale_out_Bps},
                  {"bisection_bandwidth", raw_bisection_Bps(report)},
                  {"power", report->power_W}};
    for (size_t i = 0; i < sizeof totals / sizeof totals[0]; i++) {
        if (begins(name, totals[i].start)) {
            return totals[i].value;
        }
    }
    return (double)NAN;
}

static void compare_published(struct platform_report *report, struct arena *arena)
{
    static const char start[] = "published.";
    const struct platform *platform = report->platform;
    report->published = arena_array(arena, platform->property_count, sizeof *report->published);
    for (int64_t i = 0; i < platform->property_count; i++) {
        const struct property *property = &platform->properties[i];
        if (!begins(property->name, start)) {
            continue;
        }
        double value = computed(report, property->name + strlen(start));
        double slack = rounding_fraction * property->value;
        report->published[report->published_count++] = (struct published_total){
            .property = property,
            .computed = value,
            .missed = value < property->low - slack || value > property->high + slack,
        };
    }
}

struct platform_report *platform_report_create(const struct platform *platform,
                                               struct arena *arena)
{
    struct platform_report *report = arena_alloc(arena, sizeof *report);
    report->platform = platform;
    find_classes(report, arena);
    platform_load_all_to_all(platform, &report->all_to_all, arena);
    platform_load_halves(platform, &report->halves, arena);
    add_chips(report);
    report->bisection_Bps = report->halves.flow_Bps * (double)report->halves.flow_count;
    report->scale_up_Bps = scale_up_Bps(platform, arena);
    report->scale_out_Bps = scale_out_Bps(platform, arena);
    compare_published(report, arena);
    return report;
}
