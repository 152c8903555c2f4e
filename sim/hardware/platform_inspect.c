/* SPDX-License-Identifier: Apache-2.0 */
/* The page of text. Totals have four figures, so that they can be told from published ones. */
#include "hardware/platform_inspect.h"

#include <math.h>
#include <string.h>

#include "hardware/platform_schema.h"

enum { TEXT = 32 };

static const char *four_figures(char *text, double value, enum unit unit)
{
    static const char prefixes[] = " kMGTPE";
    const char *name = unit == UNIT_FLOPS_PER_S   ? "FLOP/s"
                       : unit == UNIT_BYTES_PER_S ? "B/s"
                                                  : units_name(unit);
    int prefix = 0;
    while (value >= 1000 && prefixes[prefix + 1] != '\0') {
        value /= 1000;
        prefix++;
    }
    snprintf(text, TEXT, "%.4g %.*s%s", value, prefix > 0, &prefixes[prefix], name);
    return text;
}

static const char *figures(char *text, double value, enum unit unit)
{
    return units_print(text, TEXT, value, unit);
}

static void print_head(const struct platform *platform, FILE *file)
{
    fprintf(file, "%s: %s\n", platform->name, platform->title);
    fprintf(file, "%s of %lld chip%s", platform->domain_noun, (long long)platform->chip_count,
            platform->chip_count == 1 ? "" : "s");
    for (int64_t i = 0; i < platform->chip_type_count; i++) {
        int64_t count = 0;
        for (int64_t chip = 0; chip < platform->chip_count; chip++) {
            count += platform->chips[chip] == &platform->chip_types[i];
        }
        fprintf(file, "%s %lld x %s", i == 0 ? ":" : ",", (long long)count,
                platform->chip_types[i].title);
    }
    fprintf(file, "; %lld by default\n", (long long)platform->domain_count);
}

static void print_property(const struct property *property, FILE *file)
{
    fprintf(file, "  %c %-36s %-12s", platform_schema_estimate(property->source) ? '~' : ' ',
            property->name, property->text);
    if (property->low < property->high) {
        char low[TEXT], high[TEXT];
        fprintf(file, " [%s to %s]", figures(low, property->low, property->unit),
                figures(high, property->high, property->unit));
    }
    fprintf(file, " %s\n", property->source == NULL ? "" : property->source);
}

static void print_properties(const struct platform *platform, FILE *file)
{
    fputs("\nValues with their units and sources (~ marks estimates and fits):\n", file);
    for (int64_t i = 0; i < platform->property_count; i++) {
        print_property(&platform->properties[i], file);
    }
}

static void print_links(const struct platform *platform, FILE *file)
{
    char raw[TEXT], payload[TEXT], latency[TEXT];
    fputs("\nLinks (directed): count, slowest raw rate, its payload rate, latency\n", file);
    for (int32_t medium = 0; medium < platform->media_count; medium++) {
        const struct link *slowest = NULL;
        int count = 0;
        for (int64_t i = 0; i < platform->link_count; i++) {
            const struct link *link = &platform->links[i];
            count += link->medium == medium;
            if (link->medium == medium &&
                (slowest == NULL || link->raw_Bps < slowest->raw_Bps)) {
                slowest = link;
            }
        }
        if (slowest != NULL) {
            fprintf(file, "  %-16s %6d  %10s  %10s  %8s  %s\n", platform->media[medium].name,
                    count, figures(raw, slowest->raw_Bps, UNIT_BYTES_PER_S),
                    figures(payload, slowest->bandwidth_Bps, UNIT_BYTES_PER_S),
                    figures(latency, slowest->latency_s, UNIT_SECONDS),
                    platform->media[medium].title);
        }
    }
}

static void print_classes(const struct platform_report *report, FILE *file)
{
    char bandwidth[TEXT], latency[TEXT];
    fputs("\nBetween chips: ordered pairs, links crossed by medium, smallest payload rate, "
          "latency\n",
          file);
    for (int64_t i = 0; i < report->hop_class_count; i++) {
        const struct hop_class *class = &report->hop_classes[i];
        fprintf(file, "  %8lld  %-28s %10s  %8s\n", (long long)class->pairs, class->media,
                figures(bandwidth, class->bandwidth_Bps, UNIT_BYTES_PER_S),
                figures(latency, class->latency_s, UNIT_SECONDS));
    }
}

static void print_limit(const struct platform *platform, const struct platform_load *load,
                        FILE *file)
{
    const struct link *link = &platform->links[load->limit];
    fprintf(file, "limited by medium %s (%s carries %lld flows)\n",
            platform->media[link->medium].name, link->name,
            (long long)load->flows[load->limit]);
}

static void print_loads(const struct platform_report *report, FILE *file)
{
    const struct platform *platform = report->platform;
    char rate[TEXT];
    if (report->all_to_all.limit < 0) {
        return;
    }
    double chip_Bps = report->all_to_all.flow_Bps * (double)(platform->chip_count - 1);
    fputs("\nAll together (payload rates, flow by flow over the file's routes):\n", file);
    fprintf(file, "  bisection, first half of the chips to the second: %s each way, ",
            four_figures(rate, report->bisection_Bps, UNIT_BYTES_PER_S));
    print_limit(platform, &report->halves, file);
    fprintf(file, "  all-to-all: each chip sends %s, ",
            four_figures(rate, chip_Bps, UNIT_BYTES_PER_S));
    print_limit(platform, &report->all_to_all, file);
}

static void print_tiers(const struct platform *platform, FILE *file)
{
    char latency[TEXT];
    if (platform->tier_count > 0) {
        fputs("\nScale-out tiers, from the bottom", file);
        if (platform->planes > 1) {
            fprintf(file, ", in %lld planes (alike: one network of their summed rate)",
                    (long long)platform->planes);
        }
        fputs(":\n", file);
    }
    for (int64_t i = 0; i < platform->tier_count; i++) {
        const struct tier *tier = &platform->tiers[i];
        fprintf(file,
                "  %lld %-8s groups of %lld %s%s, %lld rail%s, oversubscription %.3g, %s a "
                "switch\n",
                (long long)i + 1, tier->name, (long long)tier->domains, platform->domain_noun,
                tier->domains == 1 ? "" : "s", (long long)tier->rails,
                tier->rails == 1 ? "" : "s", tier->oversubscription,
                figures(latency, tier->latency_s, UNIT_SECONDS));
    }
}

static void print_total(const char *name, double value, enum unit unit, FILE *file)
{
    char text[TEXT];
    if (value > 0) {
        fprintf(file, "  %-24s %s\n", name, four_figures(text, value, unit));
    }
}

static void print_totals(const struct platform_report *report, FILE *file)
{
    char name[TEXT];
    fprintf(file, "\nTotals of one %s:\n", report->platform->domain_noun);
    for (enum dtype dtype = 0; dtype < DTYPE_COUNT; dtype++) {
        snprintf(name, sizeof name, "peak %s, dense", dtype_name(dtype));
        print_total(name, report->peak_flops_per_s[dtype], UNIT_FLOPS_PER_S, file);
    }
    print_total("HBM", report->hbm_bytes, UNIT_BYTES, file);
    print_total("HBM bandwidth", report->hbm_Bps, UNIT_BYTES_PER_S, file);
    print_total("scale-up, raw, one way", report->scale_up_Bps, UNIT_BYTES_PER_S, file);
    print_total("scale-out, raw, one way", report->scale_out_Bps, UNIT_BYTES_PER_S, file);
    print_total("power at TDP, IT", report->power_W, UNIT_WATTS, file);
}

static void print_published(const struct platform_report *report, FILE *file)
{
    int missed = 0;
    if (report->published_count > 0) {
        fputs("\nAgainst published totals:\n", file);
    }
    for (int64_t i = 0; i < report->published_count; i++) {
        const struct published_total *total = &report->published[i];
        const struct property *property = total->property;
        char ours[TEXT], theirs[TEXT];
        const char *name = property->name + strlen("published.");
        if (isnan(total->computed)) {
            fprintf(file, "  %-24s not computed here; published %s\n", name, property->text);
            continue;
        }
        double off = total->computed / property->value - 1;
        missed += total->missed;
        fprintf(file, "  %-24s %s vs published %s (%+.1f %%)%s\n", name,
                four_figures(ours, total->computed, property->unit),
                four_figures(theirs, property->value, property->unit), 100 * off,
                total->missed       ? "  MISSED"
                : fabs(off) > 0.005 ? "  within its range"
                                    : "");
    }
    if (report->published_count > 0) {
        fprintf(file, "  %d of %lld published totals missed\n", missed,
                (long long)report->published_count);
    }
}

void platform_inspect(const struct platform_report *report, FILE *file)
{
    const struct platform *platform = report->platform;
    print_head(platform, file);
    print_properties(platform, file);
    print_links(platform, file);
    print_classes(report, file);
    print_loads(report, file);
    print_tiers(platform, file);
    print_totals(report, file);
    print_published(report, file);
}
