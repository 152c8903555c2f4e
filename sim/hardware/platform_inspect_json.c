/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON object: full precision, base units, the names of the page of text. */
#include <math.h>
#include <string.h>

#include "hardware/platform_inspect.h"
#include "hardware/platform_schema.h"

static void print_text(const char *text, FILE *file)
{
    if (text == NULL) {
        fputs("null", file);
        return;
    }
    putc('"', file);
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte < ' ') {
            fprintf(file, "\\u%04x", byte);
            continue;
        }
        if (byte == '"' || byte == '\\') {
            putc('\\', file);
        }
        putc(byte, file);
    }
    putc('"', file);
}

static void print_text_field(const char *name, const char *text, FILE *file)
{
    fprintf(file, "\"%s\": ", name);
    print_text(text, file);
    fputs(", ", file);
}

static void print_number(double value, FILE *file)
{
    if (isfinite(value)) {
        fprintf(file, "%.17g", value);
    } else {
        fputs("null", file);
    }
}

static void print_property(const struct property *property, FILE *file)
{
    fputs("{", file);
    print_text_field("name", property->name, file);
    print_text_field("text", property->text, file);
    if (property->unit != UNIT_TEXT) {
        fputs("\"value\": ", file);
        print_number(property->value, file);
        fputs(", \"low\": ", file);
        print_number(property->low, file);
        fputs(", \"high\": ", file);
        print_number(property->high, file);
        fputs(", ", file);
        print_text_field("unit", units_name(property->unit), file);
    }
    print_text_field("source", property->source, file);
    print_text_field("meaning", platform_schema_meaning(property->name), file);
    fprintf(file, "\"estimate\": %s, \"line\": %d}",
            platform_schema_estimate(property->source) ? "true" : "false", property->line);
}

static void print_classes(const struct platform_report *report, FILE *file)
{
    fputs(",\n\"hop_classes\": [", file);
    for (int64_t i = 0; i < report->hop_class_count; i++) {
        const struct hop_class *class = &report->hop_classes[i];
        fprintf(file, "%s\n  {\"ordered_pairs\": %lld, \"media\": ", i == 0 ? "" : ",",
                (long long)class->pairs);
        print_text(class->media, file);
        fprintf(file, ", \"links\": %d, \"bandwidth_Bps\": %.17g, \"latency_s\": %.17g}",
                class->links, class->bandwidth_Bps, class->latency_s);
    }
    fputs("]", file);
}

static void print_load(const struct platform *platform, const char *name, const char *rate_name,
                       double rate_Bps, const struct platform_load *load, FILE *file)
{
    fprintf(file, ",\n\"%s\": ", name);
    if (load->limit < 0) {
        fputs("null", file);
        return;
    }
    const struct link *link = &platform->links[load->limit];
    fprintf(file, "{\"%s\": %.17g, ", rate_name, rate_Bps);
    print_text_field("limiting_medium", platform->media[link->medium].name, file);
    print_text_field("limiting_link", link->name, file);
    fprintf(file, "\"limiting_link_flows\": %lld, \"flows\": %lld}",
            (long long)load->flows[load->limit], (long long)load->flow_count);
}

static void print_totals(const struct platform_report *report, FILE *file)
{
    fputs(",\n\"totals\": {", file);
    for (enum dtype dtype = 0; dtype < DTYPE_COUNT; dtype++) {
        fprintf(file, "\"peak_%s_flops_per_s\": %.17g, ", dtype_name(dtype),
                report->peak_flops_per_s[dtype]);
    }
    fprintf(file,
            "\"hbm_bytes\": %.17g, \"hbm_Bps\": %.17g, \"scale_up_raw_Bps\": %.17g, "
            "\"scale_out_raw_Bps\": %.17g, \"power_W\": %.17g}",
            report->hbm_bytes, report->hbm_Bps, report->scale_up_Bps, report->scale_out_Bps,
            report->power_W);
}

static void print_published(const struct platform_report *report, FILE *file)
{
    fputs(",\n\"published\": [", file);
    for (int64_t i = 0; i < report->published_count; i++) {
        const struct published_total *total = &report->published[i];
        fprintf(file, "%s\n  {", i == 0 ? "" : ",");
        print_text_field("name", total->property->name, file);
        print_text_field("unit", units_name(total->property->unit), file);
        fprintf(file, "\"published\": %.17g, \"computed\": ", total->property->value);
        print_number(total->computed, file);
        fputs(", \"deviation_fraction\": ", file);
        print_number(total->computed / total->property->value - 1, file);
        fprintf(file, ", \"missed\": %s}", total->missed ? "true" : "false");
    }
    fputs("]", file);
}

void platform_inspect_json(const struct platform_report *report, FILE *file)
{
    const struct platform *platform = report->platform;
    fputs("{", file);
    print_text_field("name", platform->name, file);
    print_text_field("title", platform->title, file);
    print_text_field("domain_noun", platform->domain_noun, file);
    fprintf(file, "\"domain_count\": %lld, \"chips_per_domain\": %lld,\n\"properties\": [",
            (long long)platform->domain_count, (long long)platform->chip_count);
    for (int64_t i = 0; i < platform->property_count; i++) {
        fputs(i == 0 ? "\n  " : ",\n  ", file);
        print_property(&platform->properties[i], file);
    }
    fputs("]", file);
    print_classes(report, file);
    const struct platform_load *halves = &report->halves, *all = &report->all_to_all;
    print_load(platform, "bisection", "bandwidth_Bps", report->bisection_Bps, halves, file);
    print_load(platform, "all_to_all", "chip_Bps",
               all->flow_Bps * (double)(platform->chip_count - 1), all, file);
    print_totals(report, file);
    print_published(report, file);
    fputs("}\n", file);
}
