/* SPDX-License-Identifier: Apache-2.0 */
/* Reading platform files: what the tiny platform becomes, and every way to be refused. */
#include <stdio.h>
#include <string.h>

#include "hardware/platform_schema.h"
#include "support/support.h"
#include "support/tiny_platform.h"

static void test_values(void)
{
    struct arena *arena = arena_create();
    struct error error;
    struct platform *platform = tiny_platform(NULL, NULL, arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(platform);
    CU_ASSERT_STRING_EQUAL(platform->title, "Four chips & a \"wire\"");
    CU_ASSERT(platform->domain_count == 7 && platform->chip_count == 4);
    CU_ASSERT(platform_chips(platform) == 28);
    const struct chip *chip = platform_chip(platform, 27);
    CU_ASSERT_STRING_EQUAL(chip->type, "t-1");
    CU_ASSERT(near(chip->array_flops_per_s[DTYPE_BF16], 90e12, 0));
    CU_ASSERT(near(chip->array_flops_per_s[DTYPE_FP8], 200e12, 0)); /* the headline */
    CU_ASSERT(near(chip->array_flops_per_s[DTYPE_FP4], 0, 0));
    CU_ASSERT(near(chip->hbm_bytes, 96.0 * 1024 * 1024 * 1024, 0));
    CU_ASSERT(near(chip->hbm_efficiency_fraction, 0.9, 1e-15));
    CU_ASSERT(near(platform->pue, 1.2, 0) && near(platform->collective_step_s, 1e-6, 0));
    CU_ASSERT(platform->tier_count == 3 && platform->tiers[0].rails == 2);
    CU_ASSERT_STRING_EQUAL(platform->tiers[1].name, "spine");
    arena_free(arena);
}

static void test_properties(void)
{
    struct arena *arena = arena_create();
    struct error error;
    struct platform *platform = tiny_platform(NULL, NULL, arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(platform);
    bool found = false;
    for (int64_t i = 0; i < platform->property_count; i++) {
        const struct property *property = &platform->properties[i];
        if (strcmp(property->name, "chip.t-1.hbm_size") == 0) {
            found = true;
            CU_ASSERT_STRING_EQUAL(property->text, "96GiB");
            CU_ASSERT_STRING_EQUAL(property->source, "published: a data sheet, read 2026-11");
            CU_ASSERT(near(property->low, 90 * 0x1p30, 0) &&
                      near(property->high, 100 * 0x1p30, 0));
            CU_ASSERT(property->unit == UNIT_BYTES && property->line == 17);
        }
    }
    CU_ASSERT(found);
    CU_ASSERT(platform_schema_estimate("estimate: a guess"));
    CU_ASSERT(platform_schema_estimate("fit: to the BLOOM sweep"));
    CU_ASSERT_FALSE(platform_schema_estimate("published: x"));
    CU_ASSERT_FALSE(platform_schema_estimate(NULL));
    CU_ASSERT_STRING_EQUAL(platform_schema_meaning("chip.x.tdp"), "power of a busy chip");
    CU_ASSERT_STRING_EQUAL(platform_schema_meaning("chip.x.colour"), "");
    arena_free(arena);
}

static bool route_is(const struct platform *platform, int64_t from, int64_t to,
                     const char *expected)
{
    char text[200] = "";
    int32_t count;
    const int32_t *links = platform_route(platform, from, to, &count);
    for (int32_t i = 0; i < count; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%s", i == 0 ? "" : " ",
                 platform->links[links[i]].name);
    }
    if (strcmp(text, expected) != 0) {
        printf("\n    found %s, expected %s", text, expected);
    }
    return strcmp(text, expected) == 0;
}

static void test_routes(void)
{
    struct arena *arena = arena_create();
    struct error error;
    struct platform *platform = tiny_platform(NULL, NULL, arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(platform);
    CU_ASSERT(platform->link_count == 14); /* 6 duplex, 2 not */
    CU_ASSERT(route_is(platform, 0, 2, "wire-0_UP wire-2_DOWN"));
    CU_ASSERT(route_is(platform, 2, 0, "wire-2_UP wire-0_DOWN"));
    CU_ASSERT(route_is(platform, 1, 0, "bus-0"));
    CU_ASSERT(route_is(platform, 2, 3, "bus-pipe"));
    CU_ASSERT(route_is(platform, 3, 2, "bus-0 bus-0"));
    CU_ASSERT(route_is(platform, 1, 4, "nic-0_UP"));
    CU_ASSERT(route_is(platform, 4, 3, "nic-1_DOWN"));
    CU_ASSERT(route_is(platform, 1, 1, ""));
    const struct link *wire = &platform->links[0], *pipe = &platform->links[9];
    CU_ASSERT(near(wire->raw_Bps, 100e9, 0) && near(wire->bandwidth_Bps, 50e9, 1e-15));
    CU_ASSERT(wire->reverse == 1 && platform->links[1].reverse == 0 && pipe->reverse == 9);
    CU_ASSERT(wire->policy == LINK_SHARED && pipe->policy == LINK_FATPIPE);
    /* 80 Gb/s are 10 GB/s, 90 % of it payload, for two chips. */
    CU_ASSERT(near(platform->nic_up_Bps[0], 4.5e9, 1e-15));
    CU_ASSERT(near(platform->nic_down_Bps[3], 4.5e9, 1e-15));
    arena_free(arena);
}

/* What is changed into what, and the message that must follow. */
struct refusal {
    const char *from, *to, *message;
};

static void check_refusals(const struct refusal *refusals, size_t count)
{
    struct arena *arena = arena_create();
    for (size_t i = 0; i < count; i++) {
        struct error error;
        const struct platform *platform =
            tiny_platform(refusals[i].from, refusals[i].to, arena, &error);
        CU_ASSERT_PTR_NULL(platform);
        CU_ASSERT_EQUAL(error.kind, ERROR_INPUT);
        CU_ASSERT(error.line > 0 && error.column > 0);
        bool told =
            strncmp(error.message, refusals[i].message, strlen(refusals[i].message)) == 0;
        if (!told) {
            printf("\n    found    %s\n    expected %s", error.message, refusals[i].message);
        }
        CU_ASSERT(told);
    }
    arena_free(arena);
}
#define CHECK_REFUSALS(list) check_refusals(list, sizeof list / sizeof list[0])

static void test_bad_elements(void)
{
    static const struct refusal refusals[] = {
        {"version=\"4.1\"", "version=\"4\"", "version \"4\", expected \"4.1\"; convert"},
        {"routing=\"Full\"", "routing=\"None\"",
         "routing=\"None\": this is the network of a folded run (platform fold)"},
        {"routing=\"Full\"", "routing=\"Floyd\"",
         "routing=\"Floyd\", expected \"Full\"; write"},
        {"<router id=\"switch\"/>", "<zone id=\"z\" routing=\"Full\"/>",
         "a second zone 'z', expected one; describe one"},
        {"<router id=\"switch\"/>", "<cluster id=\"x\"/>",
         "element <cluster> is not part of the schema, expected platform, zone"},
        {"<router id=\"switch\"/>", "<link_ctn id=\"wire-0\"/>",
         "<link_ctn> inside <zone>, expected inside <route>"},
        {"<router id=\"switch\"/>", "<platform version=\"4.1\"/>",
         "<platform> inside <zone>, expected around it"},
        {"<platform version=\"4.1\">", "<zone id=\"z\" routing=\"Full\">",
         "<zone> as the first element, expected inside <platform>"},
        {"<router id=\"switch\"/>", "<router id=\"switch\" coordinates=\"1\"/>",
         "attribute 'coordinates' of <router> is not part of the schema; leave it out"},
        {"<router id=\"switch\"/>", "<router/>", "<router> has no attribute 'id'; add it"},
        {"<router id=\"switch\"/>", "<router id=\"a b\"/>",
         "id 'a b' is empty, longer than 100 or has a space; expected"},
        {"<router id=\"switch\"/>", "<router id=\"c1\"/>",
         "a host or router 'c1' stands in the file already; names must differ"},
        {"<router id=\"switch\"/>", "<router id=\"switch\"/> idle words",
         "text between elements; put it into a comment"},
        {"</zone>", "</zon>", "is not well-formed XML: mismatched tag; mend it here"},
        {"<router id=\"switch\"/>", "<router id=\"a&who;b\"/>",
         "unknown entity '&who;', expected &amp;"},
        {"<router id=\"switch\"/>", "&who;",
         "unknown entity 'who' between elements; leave it out"},
        {"<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">",
         "<!DOCTYPE platform [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>",
         "DOCTYPE with declarations of its own, such as entities; expected <!DOCTYPE"},
    };
    CHECK_REFUSALS(refusals);
}

static void test_bad_nodes_and_links(void)
{
    static const struct refusal refusals[] = {
        {"speed=\"90Tf\"", "speed=\"90T\"", "attribute 'speed': '90T' has an unknown unit"},
        {"speed=\"90Tf\"", "speed=\"0f\"",
         "speed of 0, expected the chip's peak such as 629Tf"},
        {"<prop id=\"chip\" value=\"t-1\"/>", "",
         "host 'c0' does not say which chip it is; add <prop id=\"chip\" value=\"TYPE\"/>"},
        {"<prop id=\"chip\" value=\"t-1\"/>", "<prop id=\"chip\" value=\"t-2\"/>",
         "chip type 't-2' has no properties; add chip.t-2.title and the others"},
        {"<prop id=\"chip\" value=\"t-1\"/>", "<prop id=\"colour\" value=\"red\"/>",
         "a host has no property 'colour', expected 'chip'; properties"},
        {"<prop id=\"chip\" value=\"t-1\"/>",
         "<prop id=\"chip\" value=\"t-1\"/><prop id=\"chip\" value=\"t-1\"/>",
         "property 'chip' stands here a second time; keep one"},
        {"bandwidth=\"100GBps\" latency", "bandwidth=\"100GB\" latency",
         "attribute 'bandwidth': '100GB' has an unknown unit"},
        {"bandwidth=\"100GBps\" latency", "bandwidth=\"0Bps\" latency",
         "bandwidth of 0; leave out a link that carries nothing"},
        {"latency=\"1us\" sharing", "latency=\"1\" sharing",
         "attribute 'latency': '1' has no unit; expected a time such as"},
        {"latency=\"1us\" sharing", "latency=\"1min\" sharing",
         "attribute 'latency': '1min' has a unit that SimGrid does not know; write it in s"},
        {"\"SPLITDUPLEX\"", "\"DUPLEX\"",
         "sharing_policy \"DUPLEX\", expected SPLITDUPLEX, SHARED or FATPIPE"},
        {"link id=\"wire-1\"", "link id=\"wire-0\"",
         "a link 'wire-0' stands in the file already; names must differ"},
        {"link id=\"wire-1\"", "link id=\"string-1\"",
         "link 'wire-1' is not defined above; define links before routes"},
        {"<router id=\"switch\"/>", "<link id=\"rope-1\" bandwidth=\"1Bps\" latency=\"0s\"/>",
         "route end 'switch' is no host or router above; define it before the routes"},
        {"<link id=\"bus-0\"",
         "<link id=\"rope-1\" bandwidth=\"1Bps\" latency=\"0s\"/><link id=\"bus-0\"",
         "link 'rope-1' is of medium 'rope', which has no properties; add medium.rope.title"},
    };
    CHECK_REFUSALS(refusals);
}

#define C0_TO_C1 "<route src=\"c0\" dst=\"c1\">"

static void test_bad_routes(void)
{
    static const struct refusal refusals[] = {
        {C0_TO_C1, "<route src=\"c0\" dst=\"c9\">",
         "route end 'c9' is no host or router above"},
        {C0_TO_C1, "<route src=\"c0\" dst=\"c0\">", "route from 'c0' to itself; leave it out"},
        {C0_TO_C1, "<route src=\"c0\" dst=\"c1\" symmetrical=\"yes\">",
         "symmetrical=\"yes\", expected YES or NO"},
        {C0_TO_C1, "<route src=\"c0\" dst=\"c1\" symmetrical=\"NO\">",
         "no route from 'c1' to 'c0'; add <route src=\"c1\" dst=\"c0\"> with its links"},
        {C0_TO_C1, "<route src=\"c2\" dst=\"c0\">",
         "a route from 'c0' to 'c2' stands in the file already; keep one, or say"},
        {C0_TO_C1 "<link_ctn id=\"bus-0\"/>", C0_TO_C1,
         "route from 'c0' to 'c1' has 0 links, expected 1 to 24"},
        {"<link_ctn id=\"bus-0\"/>", "<link_ctn id=\"bus-0\" direction=\"UP\"/>",
         "link 'bus-0' is not SPLITDUPLEX, so leave the direction out"},
        {"<link_ctn id=\"wire-0\" direction=\"UP\"/>", "<link_ctn id=\"wire-0\"/>",
         "link 'wire-0' is SPLITDUPLEX, so say direction=\"UP\" or \"DOWN\""},
        {"<link_ctn id=\"wire-0\" direction=\"UP\"/>",
         "<link_ctn id=\"wire-0\" direction=\"LEFT\"/>",
         "direction=\"LEFT\", expected UP or DOWN"},
        {"<route src=\"c3\" dst=\"fabric\"><link_ctn id=\"nic-1\" direction=\"UP\"/></route>",
         "", "no route from 'c3' to 'fabric'; add <route"},
    };
    CHECK_REFUSALS(refusals);
}

#define SOURCE(name)                                                                           \
    "<prop id=\"" name ".source\" value=\"published: a data sheet, read 2026-11\"/>\n"
#define TDP "<prop id=\"chip.t-1.tdp\" value=\"500W\"/>\n"

static void test_bad_properties(void)
{
    static const struct refusal refusals[] = {
        {SOURCE("chip.t-1.tdp"), "",
         "property 'chip.t-1.tdp' has no source; add <prop id=\"chip.t-1.tdp.source\" "
         "value=\"published: where it stands, when it was read\"/>"},
        {SOURCE("chip.t-1.tdp"), "<prop id=\"chip.t-1.tdp.source\" value=\"a friend\"/>",
         "source of 'chip.t-1.tdp' is 'a friend', expected \"published: ...\""},
        {SOURCE("chip.t-1.tdp"), "<prop id=\"chip.t-1.tdp.source\" value=\"fit: \"/>",
         "source of 'chip.t-1.tdp' is 'fit: ', expected"},
        {TDP, "<prop id=\"chip.t-1.tpd\" value=\"500W\"/>",
         "unknown property 'chip.t-1.tpd'; did you mean chip.t-1.tdp or "},
        {TDP, "",
         "'chip.t-1.tdp.source' belongs to a property 'chip.t-1.tdp' that is not in the "
         "file; add that or remove this"},
        {TDP SOURCE("chip.t-1.tdp"), "",
         "property 'chip.t-1.tdp' is missing (a power: power of a busy chip); add it with its "
         "source"},
        {TDP, TDP TDP, "property 'chip.t-1.tdp' stands here a second time; keep one"},
        {TDP, "<prop id=\"chip.t-1.tdp\" value=\"500\"/>",
         "property 'chip.t-1.tdp': '500' has no unit; expected a power such as 1.2kW"},
        {TDP, "<prop id=\"chip.t-1.tdp\" value=\"0W\"/>",
         "property 'chip.t-1.tdp' is '0W', expected more than 0"},
        {TDP, "<prop id=\"chip.t-1.tdp\" value=\"50W\"/>",
         "chip 't-1' has idle_power above tdp; mend one of them"},
        {"\"chip.t-1.reserved_memory\" value=\"1GiB\"",
         "\"chip.t-1.reserved_memory\" value=\"96GiB\"",
         "chip 't-1' has reserved_memory of all its hbm_size; mend one of them"},
        {"value=\"gpu\"", "value=\"cpu\"",
         "property 'chip.t-1.family' is 'cpu', expected trainium, gpu or tpu"},
        {"value=\"0.8\"", "value=\"1.1\"",
         "property 'chip.t-1.matmul_efficiency' is '1.1', expected more than 0 and at most 1"},
        {"value=\"0.1\"", "value=\"2\"",
         "property 'chip.t-1.communication_compute' is '2', expected 0 to 1"},
        {"\"power.pue\" value=\"1.2\"", "\"power.pue\" value=\"0.9\"",
         "property 'power.pue' is '0.9', expected 1 or more"},
        {"\"90GiB\"", "\"97GiB\"",
         "property 'chip.t-1.hbm_size' is 96GiB, outside its own range; mend"},
        {"value=\"Chip One\"", "value=\"\"",
         "property 'chip.t-1.title' is empty, expected the chip's name for people"},
        {"\"domain_count\" value=\"7\"", "\"domain_count\" value=\"1.5\"",
         "property 'domain_count': '1.5' is no whole number"},
    };
    CHECK_REFUSALS(refusals);
}

static void test_bad_tiers(void)
{
    static const struct refusal refusals[] = {
        {"scale_out.3.name", "scale_out.4.name",
         "property 'scale_out.3.name' is missing (a text: what the tier is called); add it"},
        {"scale_out.1.name", "scale_out.0.name",
         "scale_out.0 where tier 1 was expected; number tiers 1, 2, ... up to 8"},
        {"\"scale_out.2.domains\" value=\"4\"", "\"scale_out.2.domains\" value=\"3\"",
         "scale_out.2.domains is 3, expected a multiple of the 2 of the tier below"},
        {"\"scale_out.1.rails\" value=\"2\"", "\"scale_out.1.rails\" value=\"5\"",
         "scale_out.1.rails is 5, expected at most the 4 chips of a domain"},
        {"\"domain_count\" value=\"7\"", "\"domain_count\" value=\"1000000001\"",
         "property 'domain_count' is '1000000001', expected at most a billion"},
        {"<router id=\"fabric\"/>", "<router id=\"fabrik\"/>", "route end 'fabric' is no host"},
    };
    CHECK_REFUSALS(refusals);
}

static void test_name_of_file(void)
{
    struct arena *arena = arena_create();
    struct error error;
    CU_ASSERT_PTR_NULL(tiny_platform("%ZONE%", "other", arena, &error));
    CU_ASSERT(strncmp(error.message, "zone 'other' in file '", 22) == 0);
    CU_ASSERT(error.line == 5 && error.column == 1);
    error = (struct error){.kind = ERROR_NONE};
    CU_ASSERT_PTR_NULL(platform_read("no such file.xml", arena, &error));
    CU_ASSERT_EQUAL(error.kind, ERROR_SYSTEM);
    error = (struct error){.kind = ERROR_NONE};
    CU_ASSERT_PTR_NULL(
        platform_read(temporary_file("<platform version=\"4.1\"/>", ".xml"), arena, &error));
    CU_ASSERT_STRING_EQUAL(error.message,
                           "no <zone>, expected one that describes the scale-up domain");
    arena_free(arena);
}

static bool check_domains(struct platform *platform, int64_t count, const char *message)
{
    struct error error = {.kind = ERROR_NONE};
    platform->domain_count = count;
    bool good = platform_check_domains(platform, &error);
    return message == NULL ? good
                           : !good && strncmp(error.message, message, strlen(message)) == 0;
}

static void test_domains(void)
{
    struct arena *arena = arena_create();
    struct error error;
    struct platform *platform = tiny_platform(NULL, NULL, arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(platform);
    CU_ASSERT(check_domains(platform, 16, NULL));
    CU_ASSERT(
        check_domains(platform, 17, "17 boxs asked for, but the last scale-out tier joins"));
    CU_ASSERT(check_domains(platform, 0, "0 domains asked for, expected 1 or more"));
    platform->tier_count = 0;
    CU_ASSERT(check_domains(platform, 2, "2 boxs asked for, but the file has no scale-out"));
    CU_ASSERT(check_domains(platform, 1, NULL));
    arena_free(arena);
}

/* Files cut short and with bytes changed are refused or read, never worse; the sanitizers
 * watch. */
static void test_broken_files(void)
{
    struct arena *arena = arena_create();
    struct error error;
    struct platform *platform = tiny_platform(NULL, NULL, arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(platform);
    static char text[40000];
    unsigned state = 7;
    for (int i = 0; i < 300; i++) {
        struct arena *small = arena_create();
        memcpy(text, platform->text, platform->text_size + 1);
        state = state * 1664525u + 1013904223u;
        size_t place = (state >> 8) % platform->text_size;
        text[place] = i % 3 == 0 ? '\0' : (char)(state >> 3);
        error = (struct error){.kind = ERROR_NONE};
        bool read = platform_read(temporary_file(text, ".xml"), small, &error) != NULL;
        CU_ASSERT(read || error.message[0] != '\0');
        arena_free(small);
    }
    arena_free(arena);
}

void suite_platform(void);

void suite_platform(void)
{
    static const struct test tests[] = {
        {"values of the tiny platform", test_values},
        {"properties, ranges and sources", test_properties},
        {"routes, both ways", test_routes},
        {"elements that are refused", test_bad_elements},
        {"hosts, routers and links that are refused", test_bad_nodes_and_links},
        {"routes that are refused", test_bad_routes},
        {"properties that are refused", test_bad_properties},
        {"tiers that are refused", test_bad_tiers},
        {"a file's name, and no file", test_name_of_file},
        {"how many domains there can be", test_domains},
        {"broken files", test_broken_files},
    };
    add_suite("platform", tests, sizeof tests / sizeof tests[0]);
}
