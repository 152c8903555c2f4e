/* SPDX-License-Identifier: Apache-2.0 */
/* Paths are put together when asked for: a machine of a million chips has 10^12 of them. A link
 * of a domain is numbered domain * link_count + its number in the file; a trunk of a tier has a
 * negative number that holds its tier, group, rail and direction. MODEL.md, "Scale-out tiers".
 */
#include "hardware/fabric.h"

#include <assert.h>

#include "hardware/defect.h"
#include "hardware/detours.h"
#include "hardware/planes.h"

enum { RAIL_BITS = 16, TIER_BITS = 4, PLANE_BITS = 4 };

int64_t fabric_trunk_link(const struct fabric_trunk *trunk)
{
    int64_t code = trunk->group;
    code = (code << RAIL_BITS) | trunk->rail;
    code = (code << TIER_BITS) | trunk->tier;
    code = (code << PLANE_BITS) | trunk->plane;
    return -1 - ((code << 1) | trunk->down);
}

struct fabric_trunk fabric_trunk_of(int64_t link)
{
    int64_t code = -1 - link;
    return (struct fabric_trunk){
        .down = code & 1,
        .plane = (code >> 1) & ((1 << PLANE_BITS) - 1),
        .tier = (code >> (1 + PLANE_BITS)) & ((1 << TIER_BITS) - 1),
        .rail = (code >> (1 + PLANE_BITS + TIER_BITS)) & ((1 << RAIL_BITS) - 1),
        .group = code >> (1 + PLANE_BITS + TIER_BITS + RAIL_BITS),
    };
}

struct fabric_trunk fabric_trunk_above(const struct platform *platform, int64_t tier,
                                       int64_t chip, bool down)
{
    const struct tier *at = &platform->tiers[tier];
    return (struct fabric_trunk){
        .tier = tier,
        .group = chip / platform->chip_count / at->domains,
        .rail = chip % platform->chip_count % at->rails,
        .down = down,
    };
}

int64_t fabric_meeting_tier(const struct platform *platform, int64_t from, int64_t to)
{
    int64_t last = platform->tier_count - 1;
    for (int64_t tier = 0; tier < last; tier++) {
        struct fabric_trunk a = fabric_trunk_above(platform, tier, from, false);
        struct fabric_trunk b = fabric_trunk_above(platform, tier, to, false);
        if (a.group == b.group && a.rail == b.rail) {
            return tier;
        }
    }
    return last;
}

static void add_link(struct fabric_path *path, int64_t link, double latency_s)
{
    assert(path->link_count < FABRIC_PATH_LINKS);
    path->weights[path->link_count] = 1;
    path->links[path->link_count++] = link;
    path->latency_s += latency_s;
}

static void add_route(const struct platform *platform, int64_t domain, const int64_t ends[2],
                      struct fabric_path *path)
{
    int32_t count;
    const int32_t *links = platform_route(platform, ends[0], ends[1], &count);
    for (int32_t i = 0; i < count; i++) {
        add_link(path, domain * platform->link_count + links[i],
                 platform->links[links[i]].latency_s);
    }
}

/* Up to the meeting tier and down again; each switch passed costs its tier's latency. */
static void add_tiers(const struct platform *platform, int64_t from, int64_t to,
                      struct fabric_path *path)
{
    int64_t meeting = fabric_meeting_tier(platform, from, to);
    for (int64_t tier = 0; tier < meeting; tier++) {
        struct fabric_trunk trunk = fabric_trunk_above(platform, tier, from, false);
        add_link(path, fabric_trunk_link(&trunk), platform->tiers[tier].latency_s);
    }
    path->latency_s += platform->tiers[meeting].latency_s;
    for (int64_t tier = meeting - 1; tier >= 0; tier--) {
        struct fabric_trunk trunk = fabric_trunk_above(platform, tier, to, true);
        add_link(path, fabric_trunk_link(&trunk), platform->tiers[tier].latency_s);
    }
}

static void add_whole(const struct platform *platform, int64_t from, int64_t to,
                      struct fabric_path *path)
{
    int64_t chips = platform->chip_count;
    assert(platform->tier_count > 0); /* platform_check_domains() */
    add_route(platform, from / chips, (int64_t[]){from % chips, chips}, path);
    add_tiers(platform, from, to, path);
    add_route(platform, to / chips, (int64_t[]){chips, to % chips}, path);
}

static int32_t bits_in(uint32_t set)
{
    int32_t count = 0;
    for (; set != 0; set &= set - 1) {
        count++;
    }
    return count;
}

/* Puts the planes' links in place of the whole ones, from the first-th on. */
static void spread(const struct platform *platform, int32_t first, struct fabric_path *path)
{
    const struct plane_split *split = platform->split;
    struct fabric_path whole = *path;
    uint32_t live = planes_live(platform, whole.links + first, whole.link_count - first);
    int32_t part = live == 0 ? 0 : (int32_t)(split->unit / bits_in(live));
    int32_t others = (int32_t)(platform->planes - split->marked_count);
    path->link_count = first;
    for (int32_t i = first; i < whole.link_count; i++) {
        bool splits = planes_splits(platform, whole.links[i]);
        if (!splits || others > 0) {
            add_link(path, whole.links[i], 0);
            path->weights[path->link_count - 1] = splits ? part * others : 1;
        }
        for (int64_t m = 0; splits && m < split->marked_count; m++) {
            if (live >> split->marked[m] & 1) {
                add_link(path, planes_link(platform, whole.links[i], split->marked[m]), 0);
                path->weights[path->link_count - 1] = part;
            }
        }
    }
    path->cut |= live == 0;
}

static void add_fabric(const struct platform *platform, int64_t from, int64_t to,
                       struct fabric_path *path)
{
    int32_t first = path->link_count;
    add_whole(platform, from, to, path);
    if (platform->split != NULL) {
        spread(platform, first, path);
    }
}

bool fabric_planes_meet(const struct platform *platform, int64_t from, int64_t to)
{
    struct fabric_path path;
    path.link_count = 0;
    path.latency_s = 0;
    if (!planes_parted(platform, from / platform->chip_count) ||
        !planes_parted(platform, to / platform->chip_count)) {
        return true;
    }
    add_whole(platform, from, to, &path);
    return planes_live(platform, path.links, path.link_count) != 0;
}

static void add_detour(const struct platform *platform, int64_t from, int64_t to,
                       struct fabric_path *path)
{
    struct detour way;
    int64_t chips = platform->chip_count;
    path->cut = !detours_way(platform, from, to, &way);
    path->scale_out = path->cut ? path->scale_out : way.entry > 0;
    for (int32_t i = 1; i < way.count && !path->cut; i++) {
        int64_t at = way.stops[i - 1], next = way.stops[i];
        if (i == way.entry) {
            add_fabric(platform, at, next, path);
        } else {
            add_route(platform, at / chips, (int64_t[]){at % chips, next % chips}, path);
        }
    }
}

void fabric_path(const struct platform *platform, int64_t from, int64_t to,
                 struct fabric_path *path)
{
    int64_t chips = platform->chip_count;
    path->link_count = 0;
    path->latency_s = 0;
    path->scale_out = from / chips != to / chips;
    path->cut = false;
    if (platform->detours != NULL && detours_touch(platform, from, to)) {
        add_detour(platform, from, to, path);
    } else if (path->scale_out) {
        add_fabric(platform, from, to, path);
    } else {
        add_route(platform, from / chips, (int64_t[]){from % chips, to % chips}, path);
    }
}

void fabric_prepare(struct platform *platform, struct arena *arena)
{
    for (int64_t t = 0; t < platform->tier_count; t++) {
        struct tier *tier = &platform->tiers[t];
        tier->rail_up_Bps = arena_array(arena, tier->rails, sizeof(double));
        tier->rail_down_Bps = arena_array(arena, tier->rails, sizeof(double));
        for (int64_t chip = 0; chip < platform->chip_count; chip++) {
            tier->rail_up_Bps[chip % tier->rails] += platform->nic_up_Bps[chip];
            tier->rail_down_Bps[chip % tier->rails] += platform->nic_down_Bps[chip];
        }
    }
}

/* The NIC rate of the chips below a trunk; the last group may be partly filled. */
static double trunk_Bps(const struct platform *platform, int64_t link)
{
    struct fabric_trunk trunk = fabric_trunk_of(link);
    const struct tier *tier = &platform->tiers[trunk.tier];
    double domain_Bps = (trunk.down ? tier->rail_down_Bps : tier->rail_up_Bps)[trunk.rail];
    int64_t present = platform->domain_count - trunk.group * tier->domains;
    present = present < tier->domains ? present : tier->domains;
    return domain_Bps * (double)present / tier->oversubscription;
}

double fabric_link_Bps(const struct platform *platform, int64_t link)
{
    double healthy_Bps = link < 0 ? trunk_Bps(platform, link)
                                  : platform->links[link % platform->link_count].bandwidth_Bps;
    if (planes_splits(platform, link)) {
        healthy_Bps *= planes_part(platform, planes_of_link(platform, link));
    }
    return healthy_Bps * defect_factor(platform, link);
}

enum link_policy fabric_link_policy(const struct platform *platform, int64_t link)
{
    return link < 0 ? LINK_SHARED : platform->links[link % platform->link_count].policy;
}

const char *fabric_link_medium(const struct platform *platform, int64_t link)
{
    static const char *const tiers[] = {"tier1", "tier2", "tier3", "tier4",
                                        "tier5", "tier6", "tier7", "tier8"};
    if (link < 0) {
        return tiers[fabric_trunk_of(link).tier];
    }
    return platform->media[platform->links[link % platform->link_count].medium].name;
}

static const char *whole_name(const struct platform *platform, int64_t link,
                              struct arena *arena)
{
    if (link < 0) {
        struct fabric_trunk trunk = fabric_trunk_of(link);
        return arena_format(arena, "tier%d.%lld.%lld_%s", (int)trunk.tier + 1,
                            (long long)trunk.group, (long long)trunk.rail,
                            trunk.down ? "DOWN" : "UP");
    }
    return arena_format(arena, "u%lld.%s", (long long)fabric_link_domain(platform, link),
                        platform->links[link % platform->link_count].name);
}

const char *fabric_link_name(const struct platform *platform, int64_t link, struct arena *arena)
{
    const char *name = whole_name(platform, link, arena);
    if (!planes_splits(platform, link)) {
        return name;
    }
    int64_t plane = planes_of_link(platform, link);
    return plane > 0 ? arena_format(arena, "%s.plane%lld", name, (long long)plane - 1)
                     : arena_format(arena, "%s.others", name);
}

int64_t fabric_link_domain(const struct platform *platform, int64_t link)
{
    return link < 0 ? -1 : link / platform->link_count % platform->domain_count;
}

int64_t fabric_link_in(const struct platform *platform, int64_t link, int64_t domain)
{
    return link + (domain - fabric_link_domain(platform, link)) * platform->link_count;
}

int64_t fabric_link_units(const struct platform *platform, int64_t link)
{
    return planes_splits(platform, link) ? platform->split->unit : 1;
}

bool fabric_link_binds(const struct platform *platform, int64_t link)
{
    return link >= 0 || platform->tiers[fabric_trunk_of(link).tier].oversubscription > 1 ||
           defect_own_factor(platform, link) < 1;
}
