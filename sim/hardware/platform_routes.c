/* SPDX-License-Identifier: Apache-2.0 */
/* Routes are kept row by row, all links of all routes in one list: what fabric_path() reads
 * lies together. A symmetrical route is written out in both directions here. */
#include "hardware/platform_routes.h"

#include <math.h>
#include <string.h>

enum { CHIP_ROUTE_LIMIT = 24, NIC_ROUTE_LIMIT = 8 }; /* together below FABRIC_PATH_LINKS */

struct wiring {
    const struct platform_document *document;
    struct platform *platform;
    struct error *error;
    int64_t nodes;    /* chips and the fabric: rows of the table */
    int32_t fabric;   /* node number of router "fabric" in the document, 0 when there is none */
    int32_t *of_pair; /* [nodes * nodes]: 1 + route, negative when it is used backwards */
};

#define WIRING_ERROR(wiring, place, ...)                                                       \
    platform_document_error((wiring)->document, place, (wiring)->error, __VA_ARGS__)

static bool build_chips(struct wiring *wiring)
{
    const struct platform_document *document = wiring->document;
    struct platform *platform = wiring->platform;
    platform->chip_count = document->host_count;
    platform->chip_names =
        arena_array(document->arena, platform->chip_count, sizeof *platform->chip_names);
    platform->chips =
        arena_array(document->arena, platform->chip_count, sizeof *platform->chips);
    for (int64_t i = 0; i < platform->chip_count; i++) {
        const struct document_host *host = &document->hosts[i];
        if (host->chip == NULL) {
            return WIRING_ERROR(wiring, host->place,
                                "host '%.60s' does not say which chip it is; add <prop "
                                "id=\"chip\" value=\"TYPE\"/>",
                                host->name);
        }
        for (int64_t k = 0; k < platform->chip_type_count; k++) {
            if (strcmp(platform->chip_types[k].type, host->chip) == 0) {
                platform->chips[i] = &platform->chip_types[k];
            }
        }
        if (platform->chips[i] == NULL) {
            return WIRING_ERROR(wiring, host->chip_place,
                                "chip type '%.60s' has no properties; add chip.%.60s.title and "
                                "the others, or name a type that the zone describes",
                                host->chip, host->chip);
        }
        platform->chip_names[i] = host->name;
    }
    return platform->chip_count > 0 ||
           WIRING_ERROR(wiring, document->zone_place, "no host, expected one for each chip");
}

static int32_t medium_of(const struct platform *platform, const char *link)
{
    size_t length = strcspn(link, "-");
    for (int32_t i = 0; i < platform->media_count; i++) {
        const char *name = platform->media[i].name;
        if (strncmp(name, link, length) == 0 && name[length] == '\0') {
            return i;
        }
    }
    return -1;
}

static void add_link(struct wiring *wiring, const struct document_link *from, int32_t medium)
{
    static const char *const ends[] = {"_UP", "_DOWN"};
    struct platform *platform = wiring->platform;
    for (int32_t side = 0; side < (from->duplex ? 2 : 1); side++) {
        struct link *link = &platform->links[from->first + side];
        link->name = arena_format(wiring->document->arena, "%s%s", from->name,
                                  from->duplex ? ends[side] : "");
        link->raw_Bps = from->raw_Bps;
        link->bandwidth_Bps = from->raw_Bps * platform->media[medium].efficiency_fraction;
        link->latency_s = from->latency_s;
        link->medium = medium;
        link->policy = from->policy;
        link->reverse = from->duplex ? from->first + 1 - side : from->first;
    }
}

static bool build_links(struct wiring *wiring)
{
    const struct platform_document *document = wiring->document;
    struct platform *platform = wiring->platform;
    platform->link_count = document->directed_count;
    platform->links =
        arena_array(document->arena, platform->link_count, sizeof *platform->links);
    for (int64_t i = 0; i < document->link_count; i++) {
        const struct document_link *link = &document->links[i];
        int32_t medium = medium_of(platform, link->name);
        if (medium < 0) {
            int length = (int)strcspn(link->name, "-");
            return WIRING_ERROR(wiring, link->place,
                                "link '%.60s' is of medium '%.*s', which has no properties; "
                                "add medium.%.*s.title, .bandwidth, .efficiency and .latency",
                                link->name, length, link->name, length, link->name);
        }
        add_link(wiring, link, medium);
    }
    return true;
}

/* A document's node as a row of the route table; -1 for a router that is no end for bytes. */
static int64_t row_of(const struct wiring *wiring, int32_t node)
{
    if (node >= 0) {
        return node;
    }
    return node == wiring->fabric ? wiring->platform->chip_count : -1;
}

static const char *row_name(const struct wiring *wiring, int64_t row)
{
    return row < wiring->platform->chip_count ? wiring->platform->chip_names[row] : "fabric";
}

static bool claim(struct wiring *wiring, int64_t from, int64_t to, int32_t route)
{
    int32_t *slot = &wiring->of_pair[from * wiring->nodes + to];
    int32_t number = route > 0 ? route - 1 : -route - 1;
    if (*slot != 0) {
        return WIRING_ERROR(wiring, wiring->document->routes[number].place,
                            "a route from '%.60s' to '%.60s' stands in the file already; keep "
                            "one, or say symmetrical=\"NO\" when the ways differ",
                            row_name(wiring, from), row_name(wiring, to));
    }
    *slot = route;
    return true;
}

static bool check_length(struct wiring *wiring, const struct document_route *route,
                         int64_t from, int64_t to)
{
    bool nic = from == wiring->platform->chip_count || to == wiring->platform->chip_count;
    int limit = nic ? NIC_ROUTE_LIMIT : CHIP_ROUTE_LIMIT;
    if (route->count >= 1 && route->count <= limit) {
        return true;
    }
    return WIRING_ERROR(wiring, route->place,
                        "route from '%.60s' to '%.60s' has %d links, expected 1 to %d",
                        row_name(wiring, from), row_name(wiring, to), route->count, limit);
}

static bool claim_routes(struct wiring *wiring)
{
    const struct platform_document *document = wiring->document;
    for (int32_t i = 0; i < document->route_count; i++) {
        const struct document_route *route = &document->routes[i];
        int64_t from = row_of(wiring, route->from), to = row_of(wiring, route->to);
        if (from < 0 || to < 0) {
            continue;
        }
        if (!check_length(wiring, route, from, to) || !claim(wiring, from, to, i + 1) ||
            (route->both_ways && !claim(wiring, to, from, -i - 1))) {
            return false;
        }
    }
    return true;
}

/* Every pair needs its route; the fabric's row and column only when there is one. */
static bool check_complete(struct wiring *wiring)
{
    int64_t rows = wiring->platform->chip_count + (wiring->fabric != 0);
    for (int64_t from = 0; from < rows; from++) {
        for (int64_t to = 0; to < rows; to++) {
            if (from != to && wiring->of_pair[from * wiring->nodes + to] == 0) {
                return WIRING_ERROR(wiring, wiring->document->zone_place,
                                    "no route from '%.60s' to '%.60s'; add <route "
                                    "src=\"%.60s\" dst=\"%.60s\"> with its links",
                                    row_name(wiring, from), row_name(wiring, to),
                                    row_name(wiring, from), row_name(wiring, to));
            }
        }
    }
    return true;
}

static int32_t copy_route(const struct wiring *wiring, int32_t route, int32_t *links)
{
    const struct platform_document *document = wiring->document;
    if (route == 0) {
        return 0;
    }
    const struct document_route *from = &document->routes[(route > 0 ? route : -route) - 1];
    const int32_t *hops = &document->hops[from->start];
    for (int32_t i = 0; i < from->count; i++) {
        links[i] =
            route > 0 ? hops[i] : wiring->platform->links[hops[from->count - 1 - i]].reverse;
    }
    return from->count;
}

static void lay_out(struct wiring *wiring)
{
    struct platform *platform = wiring->platform;
    struct arena *arena = wiring->document->arena;
    int64_t pairs = wiring->nodes * wiring->nodes;
    platform->route_start = arena_array(arena, pairs + 1, sizeof *platform->route_start);
    platform->route_links =
        arena_array(arena, 2 * wiring->document->hop_count, sizeof *platform->route_links);
    int32_t count = 0;
    for (int64_t i = 0; i < pairs; i++) {
        platform->route_start[i] = count;
        count += copy_route(wiring, wiring->of_pair[i], &platform->route_links[count]);
    }
    platform->route_start[pairs] = count;
}

static bool build_routes(struct wiring *wiring)
{
    wiring->nodes = wiring->platform->chip_count + 1;
    wiring->of_pair = arena_array(wiring->document->arena, wiring->nodes * wiring->nodes,
                                  sizeof *wiring->of_pair);
    if (!claim_routes(wiring) || !check_complete(wiring)) {
        return false;
    }
    lay_out(wiring);
    return true;
}

/* The way between a chip and the fabric. */
static const int32_t *nic_route(const struct platform *platform, int64_t chip, bool up,
                                int32_t *count)
{
    int64_t fabric = platform->chip_count;
    return platform_route(platform, up ? chip : fabric, up ? fabric : chip, count);
}

static double *count_users(const struct platform *platform, bool up, struct arena *arena)
{
    double *users = arena_array(arena, platform->link_count, sizeof *users);
    for (int64_t chip = 0; chip < platform->chip_count; chip++) {
        int32_t count;
        const int32_t *links = nic_route(platform, chip, up, &count);
        for (int32_t i = 0; i < count; i++) {
            users[links[i]] += platform->links[links[i]].policy == LINK_SHARED;
        }
    }
    return users;
}

double *platform_routes_nic_shares(const struct platform *platform, bool up, bool raw,
                                   struct arena *arena)
{
    double *shares = arena_array(arena, platform->chip_count, sizeof *shares);
    const double *users = count_users(platform, up, arena);
    for (int64_t chip = 0; chip < platform->chip_count; chip++) {
        int32_t count;
        const int32_t *links = nic_route(platform, chip, up, &count);
        for (int32_t i = 0; i < count; i++) {
            const struct link *link = &platform->links[links[i]];
            double share_Bps =
                (raw ? link->raw_Bps : link->bandwidth_Bps) / fmax(users[links[i]], 1);
            shares[chip] = i == 0 ? share_Bps : fmin(shares[chip], share_Bps);
        }
    }
    return shares;
}

static void build_routers(struct wiring *wiring)
{
    const struct platform_document *document = wiring->document;
    wiring->platform->router_names = document->routers;
    wiring->platform->router_count = document->router_count;
    for (int64_t i = 0; i < document->router_count; i++) {
        if (strcmp(document->routers[i], "fabric") == 0) {
            wiring->fabric = (int32_t)(-1 - i);
        }
    }
}

bool platform_routes_build(const struct platform_document *document, struct platform *platform,
                           struct error *error)
{
    struct wiring wiring = {.document = document, .platform = platform, .error = error};
    build_routers(&wiring);
    if (!build_chips(&wiring) || !build_links(&wiring) || !build_routes(&wiring)) {
        return false;
    }
    if (wiring.fabric != 0) {
        platform->nic_up_Bps =
            platform_routes_nic_shares(platform, true, false, document->arena);
        platform->nic_down_Bps =
            platform_routes_nic_shares(platform, false, false, document->arena);
    }
    return true;
}
