/* SPDX-License-Identifier: Apache-2.0 */
/* Zones: u0, u1, ... hold the domains; t1.0, t1.1, ... one switch each of tier 1, and so on up
 * to the one switch of the last tier. A zone route joins each to its parent only. The pass
 * through a switch is split in two halves, one on each link beside it: up and down again over
 * any tier adds up to the latency that fabric_path() gives. */
#include "hardware/platform_expand.h"

#include <string.h>

#include "hardware/platform_routes.h"

struct writer {
    const struct platform *platform;
    FILE *file;
    double nic_Bps; /* raw, of a domain */
};

static void print_escaped(FILE *file, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", file);
            break;
        case '<':
            fputs("&lt;", file);
            break;
        case '"':
            fputs("&quot;", file);
            break;
        default:
            putc(*text, file);
        }
    }
}

/* ' NAME="uDOMAIN.TEXT"'; without the domain when it is negative. */
static void print_attribute(FILE *file, const char *name, int64_t domain, const char *text)
{
    fprintf(file, " %s=\"", name);
    if (domain >= 0) {
        fprintf(file, "u%lld.", (long long)domain);
    }
    print_escaped(file, text);
    putc('"', file);
}

static void print_properties(const struct writer *writer)
{
    const struct platform *platform = writer->platform;
    for (int64_t i = 0; i < platform->property_count; i++) {
        const struct property *property = &platform->properties[i];
        fputs("    <prop", writer->file);
        print_attribute(writer->file, "id", -1, property->name);
        bool count = strcmp(property->name, "domain_count") == 0;
        if (count) {
            fprintf(writer->file, " value=\"%lld\"", (long long)platform->domain_count);
        } else {
            print_attribute(writer->file, "value", -1, property->text);
        }
        fputs("/>\n", writer->file);
        if (property->source != NULL) {
            fprintf(writer->file, "    <prop id=\"%s.source\"", property->name);
            print_attribute(writer->file, "value", -1, property->source);
            fputs("/>\n", writer->file);
        }
    }
}

/* "rack-17_UP" of a duplex link is "rack-17" in a file; false for its second direction. */
static bool print_link_id(FILE *file, const char *name, int64_t domain, const struct link *link,
                          const struct link *links)
{
    int direction = (int)(link - links) - link->reverse;
    if (direction > 0) {
        link = &links[link->reverse];
    }
    size_t length = strlen(link->name) - (direction == 0 ? 0 : strlen("_UP"));
    fprintf(file, " %s=\"u%lld.", name, (long long)domain);
    for (size_t i = 0; i < length; i++) {
        print_escaped(file, (char[]){link->name[i], '\0'});
    }
    putc('"', file);
    return direction <= 0;
}

static void print_links(const struct writer *writer, int64_t domain)
{
    const struct platform *platform = writer->platform;
    for (int64_t i = 0; i < platform->link_count; i++) {
        const struct link *link = &platform->links[i];
        bool duplex = link->reverse != i;
        if (duplex && link->reverse < i) {
            continue;
        }
        fputs("      <link", writer->file);
        print_link_id(writer->file, "id", domain, link, platform->links);
        fprintf(writer->file,
                " bandwidth=\"%.17gBps\" latency=\"%.17gs\" sharing_policy=\"%s\"/>\n",
                link->raw_Bps, link->latency_s,
                duplex                         ? "SPLITDUPLEX"
                : link->policy == LINK_FATPIPE ? "FATPIPE"
                                               : "SHARED");
    }
}

static const char *end_name(const struct platform *platform, int64_t row)
{
    return row < platform->chip_count ? platform->chip_names[row] : "fabric";
}

/* Whether the way back is the way there in reverse: one element says both then. */
static bool mirrored(const struct platform *platform, int64_t from, int64_t to)
{
    int32_t there_count, back_count;
    const int32_t *there = platform_route(platform, from, to, &there_count);
    const int32_t *back = platform_route(platform, to, from, &back_count);
    bool same = there_count == back_count;
    for (int32_t i = 0; same && i < there_count; i++) {
        same = back[there_count - 1 - i] == platform->links[there[i]].reverse;
    }
    return same;
}

static void print_route(const struct writer *writer, int64_t domain, int64_t from, int64_t to)
{
    const struct platform *platform = writer->platform;
    int32_t count;
    const int32_t *links = platform_route(platform, from, to, &count);
    bool both_ways = mirrored(platform, from, to);
    if (both_ways && from > to) {
        return;
    }
    fputs("      <route", writer->file);
    print_attribute(writer->file, "src", domain, end_name(platform, from));
    print_attribute(writer->file, "dst", domain, end_name(platform, to));
    fputs(both_ways ? ">" : " symmetrical=\"NO\">", writer->file);
    for (int32_t i = 0; i < count; i++) {
        const struct link *link = &platform->links[links[i]];
        fputs("<link_ctn", writer->file);
        bool up = print_link_id(writer->file, "id", domain, link, platform->links);
        fputs(link->reverse == links[i] ? "/>"
              : up                      ? " direction=\"UP\"/>"
                                        : " direction=\"DOWN\"/>",
              writer->file);
    }
    fputs("</route>\n", writer->file);
}

static void print_domain(const struct writer *writer, int64_t domain)
{
    const struct platform *platform = writer->platform;
    FILE *file = writer->file;
    fprintf(file, "    <zone id=\"u%lld\" routing=\"Full\">\n", (long long)domain);
    for (int64_t i = 0; i < platform->chip_count; i++) {
        const struct chip *chip = platform->chips[i];
        fputs("      <host", file);
        print_attribute(file, "id", domain, platform->chip_names[i]);
        fprintf(file, " speed=\"%.17gf\"><prop id=\"chip\"",
                chip->array_flops_per_s[DTYPE_BF16]);
        print_attribute(file, "value", -1, chip->type);
        fputs("/></host>\n", file);
    }
    for (int64_t i = 0; i < platform->router_count; i++) {
        fputs("      <router", file);
        print_attribute(file, "id", domain, platform->router_names[i]);
        fputs("/>\n", file);
    }
    print_links(writer, domain);
    int64_t rows = platform->chip_count + (platform->nic_up_Bps != NULL);
    for (int64_t from = 0; from < rows; from++) {
        for (int64_t to = 0; to < rows; to++) {
            if (from != to) {
                print_route(writer, domain, from, to);
            }
        }
    }
    fputs("    </zone>\n", file);
}

/* Switches of a tier; the last tier has one. */
static int64_t groups(const struct platform *platform, int64_t tier)
{
    int64_t domains = platform->tiers[tier].domains;
    return tier == platform->tier_count - 1 ? 1
                                            : (platform->domain_count + domains - 1) / domains;
}

static void print_switches(const struct writer *writer, int64_t tier)
{
    const struct platform *platform = writer->platform;
    int number = (int)tier + 1;
    for (int64_t group = 0; group < groups(platform, tier); group++) {
        fprintf(writer->file,
                "    <zone id=\"t%d.%lld\" routing=\"Full\"><router "
                "id=\"t%d.%lld.switch\"/></zone>\n",
                number, (long long)group, number, (long long)group);
    }
    fprintf(writer->file,
            "    <link id=\"t%d-pass\" bandwidth=\"%.17gBps\" latency=\"%.17gs\" "
            "sharing_policy=\"FATPIPE\"/>\n",
            number, writer->nic_Bps, platform->tiers[tier].latency_s / 2);
    for (int64_t group = 0; tier + 1 < platform->tier_count && group < groups(platform, tier);
         group++) {
        int64_t domains = platform->tiers[tier].domains;
        int64_t present = platform->domain_count - group * domains;
        present = present < domains ? present : domains;
        fprintf(writer->file,
                "    <link id=\"t%d-%lld\" bandwidth=\"%.17gBps\" latency=\"%.17gs\" "
                "sharing_policy=\"SPLITDUPLEX\"/>\n",
                number, (long long)group,
                writer->nic_Bps * (double)present / platform->tiers[tier].oversubscription,
                platform->tiers[tier].latency_s / 2);
    }
}

static void print_attachments(const struct writer *writer)
{
    const struct platform *platform = writer->platform;
    for (int64_t domain = 0; domain < platform->domain_count; domain++) {
        long long group = platform->tier_count == 1 ? 0 : domain / platform->tiers[0].domains;
        fprintf(writer->file,
                "    <zoneRoute src=\"u%lld\" dst=\"t1.%lld\" gw_src=\"u%lld.fabric\" "
                "gw_dst=\"t1.%lld.switch\"><link_ctn id=\"t1-pass\"/></zoneRoute>\n",
                (long long)domain, group, (long long)domain, group);
    }
}

static void print_trunks(const struct writer *writer, int64_t tier)
{
    const struct platform *platform = writer->platform;
    bool last = tier + 2 == platform->tier_count;
    for (int64_t group = 0; group < groups(platform, tier); group++) {
        long long low = group, number = tier + 1;
        long long high =
            last ? 0
                 : group * platform->tiers[tier].domains / platform->tiers[tier + 1].domains;
        fprintf(writer->file,
                "    <zoneRoute src=\"t%lld.%lld\" dst=\"t%lld.%lld\" "
                "gw_src=\"t%lld.%lld.switch\" gw_dst=\"t%lld.%lld.switch\"><link_ctn "
                "id=\"t%lld-%lld\" direction=\"UP\"/><link_ctn id=\"t%lld-pass\"/>"
                "</zoneRoute>\n",
                number, low, number + 1, high, number, low, number + 1, high, number, low,
                number + 1);
    }
}

void platform_expand(const struct platform *platform, FILE *file, struct arena *arena)
{
    struct writer writer = {.platform = platform, .file = file};
    const double *shares = platform->nic_up_Bps == NULL
                               ? NULL
                               : platform_routes_nic_shares(platform, true, true, arena);
    for (int64_t i = 0; shares != NULL && i < platform->chip_count; i++) {
        writer.nic_Bps += shares[i];
    }
    fprintf(
        file,
        "<?xml version=\"1.0\"?>\n"
        "<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">\n"
        "<!-- %lld x %s, written by trnsim platform expand. Bandwidths are raw rates; rails "
        "of a tier are merged. -->\n"
        "<platform version=\"4.1\">\n  <zone id=\"%s-%lld\" routing=\"Floyd\">\n",
        (long long)platform->domain_count, platform->name, platform->name,
        (long long)platform->domain_count);
    print_properties(&writer);
    for (int64_t domain = 0; domain < platform->domain_count; domain++) {
        print_domain(&writer, domain);
    }
    for (int64_t tier = 0; tier < platform->tier_count; tier++) {
        print_switches(&writer, tier);
    }
    if (platform->tier_count > 0) {
        print_attachments(&writer);
    }
    for (int64_t tier = 0; tier + 1 < platform->tier_count; tier++) {
        print_trunks(&writer, tier);
    }
    fputs("  </zone>\n</platform>\n", file);
}
