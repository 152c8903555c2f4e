/* SPDX-License-Identifier: Apache-2.0 */
/* Turns parse events into lists. The lines of a file are counted only when an error asks for
 * them: a big platform is some ten thousand elements, and reading it takes milliseconds. */
#include "hardware/platform_document.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "hardware/platform_parser.h"
#include "hardware/simgrid_value.h"

enum {
    FILE_LIMIT_BYTES = 64 * 1024 * 1024,
    HOST_LIMIT = 2048,
    NAME_LIMIT = 100,
    HOPS_LIMIT = 1000
};

struct builder {
    struct platform_document *document;
    struct platform_parser *parser;
    struct error *error;
    int64_t host_room, router_room, prop_room, link_room, route_room, hop_room;
    bool in_zone; /* the zone has begun */
};

bool platform_document_error(const struct platform_document *document, int64_t place,
                             struct error *error, const char *format, ...)
{
    char message[sizeof error->message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    int line = 1, column = 1;
    for (int64_t i = 0; i < place && i < (int64_t)document->text_size; i++) {
        column = document->text[i] == '\n' ? 1 : column + 1;
        line += document->text[i] == '\n';
    }
    return error_at(error, ERROR_INPUT, document->path, line, column, "%s", message);
}

/* The one sentence for a value that base/units refused, with its place. */
static bool bad_value(struct builder *builder, const char *attribute, const struct error *why)
{
    return platform_document_error(builder->document, platform_parser_place(builder->parser),
                                   builder->error, "attribute '%s': %s", attribute,
                                   why->message);
}

#define BUILDER_ERROR(builder, ...)                                                            \
    platform_document_error((builder)->document, platform_parser_place((builder)->parser),     \
                            (builder)->error, __VA_ARGS__)

static bool check_name(struct builder *builder, const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length > NAME_LIMIT || strpbrk(name, " \t\r\n") != NULL) {
        return BUILDER_ERROR(builder,
                             "id '%.40s' is empty, longer than %d or has a space; expected a "
                             "short name such as \"chip-0-1\"",
                             name, NAME_LIMIT);
    }
    return true;
}

static bool start_platform(void *context, const char **values)
{
    struct builder *builder = context;
    if (strcmp(values[0], "4.1") != 0) {
        return BUILDER_ERROR(builder,
                             "version \"%.20s\", expected \"4.1\"; convert the file "
                             "with simgrid_update_xml",
                             values[0]);
    }
    return true;
}

static bool start_zone(void *context, const char **values)
{
    struct builder *builder = context;
    struct platform_document *document = builder->document;
    if (builder->in_zone) {
        return BUILDER_ERROR(builder,
                             "a second zone '%.60s', expected one; describe one scale-up "
                             "domain, its count is the property domain_count",
                             values[0]);
    }
    if (strcmp(values[1], "None") == 0) {
        return BUILDER_ERROR(
            builder, "routing=\"None\": this is the network of a folded run (platform "
                     "fold), one pair of hosts for each class of flows, without chips, so "
                     "that no workload can be laid on it; run the machine that was folded "
                     "with --detail folded, which gives its step, or hand this file to "
                     "SimGrid");
    }
    if (strcmp(values[1], "Full") != 0) {
        return BUILDER_ERROR(builder,
                             "routing=\"%.20s\", expected \"Full\"; write every route, a "
                             "search for shortest ways breaks ties as it likes",
                             values[1]);
    }
    builder->in_zone = true;
    document->name = arena_text(document->arena, values[0]);
    document->zone_place = platform_parser_place(builder->parser);
    return check_name(builder, values[0]);
}

static bool start_zone_prop(void *context, const char **values)
{
    struct builder *builder = context;
    struct platform_document *document = builder->document;
    document->props = arena_grow(document->arena, document->props, document->prop_count,
                                 &builder->prop_room, sizeof *document->props);
    struct document_prop *prop = &document->props[document->prop_count];
    *prop = (struct document_prop){.name = arena_text(document->arena, values[0]),
                                   .value = arena_text(document->arena, values[1]),
                                   .place = platform_parser_place(builder->parser),
                                   .line = platform_parser_line(builder->parser)};
    if (!name_index_add(&document->prop_names, prop->name, document->prop_count++,
                        document->arena)) {
        return BUILDER_ERROR(builder, "property '%.80s' stands here a second time; keep one",
                             values[0]);
    }
    return true;
}

static bool add_node(struct builder *builder, const char *name, int64_t number)
{
    struct platform_document *document = builder->document;
    if (!check_name(builder, name)) {
        return false;
    }
    if (!name_index_add(&document->node_names, name, number, document->arena)) {
        return BUILDER_ERROR(builder,
                             "a host or router '%.60s' stands in the file already; names "
                             "must differ",
                             name);
    }
    return true;
}

static bool start_host(void *context, const char **values)
{
    struct builder *builder = context;
    struct platform_document *document = builder->document;
    struct error why = {.kind = ERROR_NONE};
    double speed_flops_per_s = 0;
    if (!simgrid_value_speed(values[1], &speed_flops_per_s, &why)) {
        return bad_value(builder, "speed", &why);
    }
    if (!(speed_flops_per_s > 0)) {
        return BUILDER_ERROR(builder, "speed of 0, expected the chip's peak such as 629Tf");
    }
    if (document->host_count == HOST_LIMIT) {
        return BUILDER_ERROR(builder,
                             "more than %d hosts; describe one scale-up domain and its "
                             "count as property domain_count",
                             HOST_LIMIT);
    }
    document->hosts = arena_grow(document->arena, document->hosts, document->host_count,
                                 &builder->host_room, sizeof *document->hosts);
    struct document_host *host = &document->hosts[document->host_count];
    *host = (struct document_host){.name = arena_text(document->arena, values[0]),
                                   .place = platform_parser_place(builder->parser)};
    return add_node(builder, host->name, document->host_count++);
}

static bool start_host_prop(void *context, const char **values)
{
    struct builder *builder = context;
    struct platform_document *document = builder->document;
    struct document_host *host = &document->hosts[document->host_count - 1];
    if (strcmp(values[0], "chip") != 0) {
        return BUILDER_ERROR(builder,
                             "a host has no property '%.60s', expected 'chip'; properties of "
                             "a chip type stand in the zone as chip.TYPE.NAME",
                             values[0]);
    }
    if (host->chip != NULL) {
        return BUILDER_ERROR(builder, "property 'chip' stands here a second time; keep one");
    }
    host->chip = arena_text(document->arena, values[1]);
    host->chip_place = platform_parser_place(builder->parser);
    return true;
}

static bool start_router(void *context, const char **values)
{
    struct builder *builder = context;
    struct platform_document *document = builder->document;
    document->routers = arena_grow(document->arena, document->routers, document->router_count,
                                   &builder->router_room, sizeof *document->routers);
    const char *name = arena_text(document->arena, values[0]);
    document->routers[document->router_count] = name;
    /* Node numbers are stored from 0 on: routers follow after all hosts that can be. */
    return add_node(builder, name, HOST_LIMIT + document->router_count++);
}

static bool link_policy(struct builder *builder, const char *text, struct document_link *link)
{
    link->duplex = strcmp(text, "SPLITDUPLEX") == 0;
    link->policy = strcmp(text, "FATPIPE") == 0 ? LINK_FATPIPE : LINK_SHARED;
    if (link->duplex || link->policy == LINK_FATPIPE || strcmp(text, "SHARED") == 0) {
        return true;
    }
    return BUILDER_ERROR(
        builder, "sharing_policy \"%.30s\", expected SPLITDUPLEX, SHARED or FATPIPE", text);
}

static bool start_link(void *context, const char **values)
{
    struct builder *builder = context;
    struct platform_document *document = builder->document;
    struct error why = {.kind = ERROR_NONE};
    struct document_link link = {.first = document->directed_count,
                                 .place = platform_parser_place(builder->parser)};
    if (!check_name(builder, values[0])) {
        return false;
    }
    if (!simgrid_value_bandwidth(values[1], &link.raw_Bps, &why)) {
        return bad_value(builder, "bandwidth", &why);
    }
    if (!simgrid_value_time(values[2], &link.latency_s, &why)) {
        return bad_value(builder, "latency", &why);
    }
    if (!link_policy(builder, values[3] == NULL ? "SHARED" : values[3], &link)) {
        return false;
    }
    if (!(link.raw_Bps > 0)) {
        return BUILDER_ERROR(builder, "bandwidth of 0; leave out a link that carries nothing");
    }
    link.name = arena_text(document->arena, values[0]);
    document->links = arena_grow(document->arena, document->links, document->link_count,
                                 &builder->link_room, sizeof link);
    document->links[document->link_count] = link;
    document->directed_count += link.duplex ? 2 : 1;
    if (!name_index_add(&document->link_names, link.name, document->link_count++,
                        document->arena)) {
        return BUILDER_ERROR(builder,
                             "a link '%.60s' stands in the file already; names must "
                             "differ",
                             link.name);
    }
    return true;
}

static bool find_node(struct builder *builder, const char *name, int32_t *node)
{
    int64_t number = name_index_find(&builder->document->node_names, name);
    if (number < 0) {
        return BUILDER_ERROR(builder,
                             "route end '%.60s' is no host or router above; define it before "
                             "the routes",
                             name);
    }
    *node = (int32_t)(number < HOST_LIMIT ? number : HOST_LIMIT - 1 - number);
    return true;
}

static bool start_route(void *context, const char **values)
{
    struct builder *builder = context;
    struct platform_document *document = builder->document;
    struct document_route route = {.start = (int32_t)document->hop_count,
                                   .place = (int32_t)platform_parser_place(builder->parser)};
    if (!find_node(builder, values[0], &route.from) ||
        !find_node(builder, values[1], &route.to)) {
        return false;
    }
    if (route.from == route.to) {
        return BUILDER_ERROR(builder, "route from '%.60s' to itself; leave it out", values[0]);
    }
    route.both_ways = values[2] == NULL || strcmp(values[2], "YES") == 0;
    if (!route.both_ways && strcmp(values[2], "NO") != 0) {
        return BUILDER_ERROR(builder, "symmetrical=\"%.20s\", expected YES or NO", values[2]);
    }
    document->routes = arena_grow(document->arena, document->routes, document->route_count,
                                  &builder->route_room, sizeof route);
    document->routes[document->route_count++] = route;
    return true;
}

/* 0 for UP and for links of one direction, 1 for DOWN, -1 after an error. */
static int hop_direction(struct builder *builder, const struct document_link *link,
                         const char *direction)
{
    bool up = strcmp(direction, "UP") == 0, down = strcmp(direction, "DOWN") == 0;
    if (!up && !down && strcmp(direction, "NONE") != 0) {
        BUILDER_ERROR(builder, "direction=\"%.20s\", expected UP or DOWN", direction);
        return -1;
    }
    if (link->duplex != (up || down)) {
        BUILDER_ERROR(builder, "link '%.60s' is %s, so %s", link->name,
                      link->duplex ? "SPLITDUPLEX" : "not SPLITDUPLEX",
                      link->duplex ? "say direction=\"UP\" or \"DOWN\""
                                   : "leave the direction out");
        return -1;
    }
    return down;
}

static bool start_hop(void *context, const char **values)
{
    struct builder *builder = context;
    struct platform_document *document = builder->document;
    int64_t number = name_index_find(&document->link_names, values[0]);
    if (number < 0) {
        return BUILDER_ERROR(builder,
                             "link '%.60s' is not defined above; define links before "
                             "routes",
                             values[0]);
    }
    const struct document_link *link = &document->links[number];
    int direction = hop_direction(builder, link, values[1] == NULL ? "NONE" : values[1]);
    if (direction < 0) {
        return false;
    }
    document->hops = arena_grow(document->arena, document->hops, document->hop_count,
                                &builder->hop_room, sizeof *document->hops);
    document->hops[document->hop_count++] = link->first + direction;
    if (++document->routes[document->route_count - 1].count > HOPS_LIMIT) {
        return BUILDER_ERROR(builder, "a route of more than %d links; leave loops out",
                             HOPS_LIMIT);
    }
    return true;
}

/* Children name their parent, so that <prop> can mean two things. Attributes: the required ones
 * first. */
static const struct parser_rule rules[] = {
    {"link_ctn", "route", {"id", "direction"}, 1, start_hop},
    {"route", "zone", {"src", "dst", "symmetrical"}, 2, start_route},
    {"prop", "zone", {"id", "value"}, 2, start_zone_prop},
    {"prop", "host", {"id", "value"}, 2, start_host_prop},
    {"link", "zone", {"id", "bandwidth", "latency", "sharing_policy"}, 3, start_link},
    {"host", "zone", {"id", "speed"}, 2, start_host},
    {"router", "zone", {"id"}, 1, start_router},
    {"zone", "platform", {"id", "routing"}, 2, start_zone},
    {"zone", "zone", {"id", "routing"}, 2, start_zone},
    {"platform", "", {"version"}, 1, start_platform},
};

struct platform_document *platform_document_read(const char *path, struct arena *arena,
                                                 struct error *error)
{
    struct platform_document *document = arena_alloc(arena, sizeof *document);
    document->path = arena_text(arena, path);
    document->arena = arena;
    document->text = file_read(path, FILE_LIMIT_BYTES, &document->text_size, arena, error);
    if (document->text == NULL) {
        return NULL;
    }
    struct builder builder = {.document = document, .error = error};
    struct platform_parser parser = {.rules = rules,
                                     .rule_count = sizeof rules / sizeof rules[0],
                                     .document = document,
                                     .context = &builder,
                                     .error = error};
    builder.parser = &parser;
    if (!platform_parser_run(&parser)) {
        return NULL;
    }
    if (document->name == NULL) {
        platform_document_error(document, 0, error,
                                "no <zone>, expected one that describes the scale-up domain");
        return NULL;
    }
    return document;
}
