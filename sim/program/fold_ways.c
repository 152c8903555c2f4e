/* SPDX-License-Identifier: Apache-2.0 */
#include "program/fold_ways.h"

#include <string.h>

#include "hardware/detours.h"
#include "hardware/fabric.h"
#include "hardware/planes.h"
#include "program/fold_edges.h"
#include "program/fold_ports.h"

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Which links lead out of a domain or into it. */
static void find_facing(struct fold *fold)
{
    const struct platform *platform = fold->job->platform;
    int64_t chips = platform->chip_count;
    fold->facing = arena_array(fold->arena, platform->link_count + 1, 1);
    for (int64_t c = 0; platform->tier_count > 0 && c < chips; c++) {
        int32_t count;
        const int32_t *links = platform_route(platform, c, chips, &count);
        for (int32_t i = 0; i < count; i++) {
            fold->facing[links[i]] |= FOLD_FACING_OUT;
        }
        links = platform_route(platform, chips, c, &count);
        for (int32_t i = 0; i < count; i++) {
            fold->facing[links[i]] |= FOLD_FACING_IN;
        }
    }
}

/* Do ways inside a domain, or ways in and ways out, share links? */
static bool nics_are_mixed(const struct fold *fold)
{
    const struct platform *platform = fold->job->platform;
    int64_t chips = platform->chip_count;
    for (int64_t link = 0; link < platform->link_count; link++) {
        if (fold->facing[link] == (FOLD_FACING_OUT | FOLD_FACING_IN)) {
            return true;
        }
    }
    for (int64_t a = 0; a < chips; a++) {
        for (int64_t b = 0; b < chips; b++) {
            int32_t count;
            const int32_t *links = platform_route(platform, a, b, &count);
            for (int32_t i = 0; a != b && i < count; i++) {
                if (fold->facing[links[i]]) {
                    return true;
                }
            }
        }
    }
    return false;
}

bool fold_mixed(const struct fold *fold, int64_t domain)
{
    return fold->mixed_nics || detours_in(fold->job->platform, domain);
}

static double fabric_way_s(const struct platform *platform, int64_t chip, bool out)
{
    int32_t count;
    int64_t fabric = platform->chip_count;
    const int32_t *links =
        platform_route(platform, out ? chip : fabric, out ? fabric : chip, &count);
    double latency_s = 0;
    for (int32_t i = 0; i < count; i++) {
        latency_s += platform->links[links[i]].latency_s;
    }
    return latency_s;
}

static bool nics_are_equal(const struct platform *platform)
{
    bool equal = true;
    for (int64_t c = 1; platform->tier_count > 0 && c < platform->chip_count; c++) {
        for (int out = 0; out < 2; out++) {
            uint64_t first = bits_of(fabric_way_s(platform, 0, out != 0));
            equal &= bits_of(fabric_way_s(platform, c, out != 0)) == first;
        }
    }
    return equal;
}

/* Ways inside a domain that lead over trunks: then its colour does not tell what it uses. */
static bool detours_pass_trunks(const struct fold *fold)
{
    const struct platform *platform = fold->job->platform;
    return platform->detours != NULL && platform->tier_count > 1 &&
           platform->tiers[0].rails > 1 && detours_leave_domain(platform->detours);
}

uint64_t fold_ways_mark(const struct platform *platform, const struct link_defect *defect)
{
    uint64_t link = (uint64_t)(defect->link % platform->link_count);
    uint64_t plane = (uint64_t)planes_of_link(platform, defect->link);
    return fold_mix(fold_mix(9, link), plane + bits_of(defect->factor));
}

/* Domains and trunks with degraded links start with colours of their own; what is degraded on a
 * way to the fabric is no matter inside, unless ways share links. */
static void mark_defects(struct fold *fold)
{
    const struct platform *platform = fold->job->platform;
    for (int64_t i = 0; i < platform->defect_count; i++) {
        const struct link_defect *defect = &platform->defects[i];
        if (defect->link < 0) {
            struct fabric_trunk trunk = fabric_trunk_of(defect->link);
            uint64_t **colours = trunk.down ? fold->down : fold->up;
            colours[trunk.tier][trunk.group] +=
                fold_mix(fold_mix(8, (uint64_t)trunk.rail),
                         (uint64_t)trunk.plane + bits_of(defect->factor));
            (trunk.down ? fold->down_binds : fold->up_binds)[trunk.tier][trunk.group] = 1;
            continue;
        }
        int64_t domain = fabric_link_domain(platform, defect->link);
        int64_t link = defect->link % platform->link_count;
        uint64_t mark = fold_ways_mark(platform, defect);
        fold->inner[domain] += !fold->facing[link] || fold_mixed(fold, domain) ? mark : 0;
        int64_t way = fold->way_of_link[link] * fold->domain_count + domain;
        fold->out[way] += fold->facing[link] & FOLD_FACING_OUT ? mark : 0;
        fold->in[way] += fold->facing[link] & FOLD_FACING_IN ? mark : 0;
    }
}

/* Trunks that may decide a rate: fabric_link_binds(). Degraded ones are marked later. */
static void find_binding(struct fold *fold)
{
    for (int64_t t = 0; t < fold->job->platform->tier_count; t++) {
        bool binds = fold->job->platform->tiers[t].oversubscription > 1;
        size_t groups = (size_t)fold->group_count[t];
        fold->up_binds[t] = arena_array(fold->arena, fold->group_count[t], 1);
        fold->down_binds[t] = arena_array(fold->arena, fold->group_count[t], 1);
        memset(fold->up_binds[t], binds, groups);
        memset(fold->down_binds[t], binds, groups);
    }
}

void fold_ways_find(struct fold *fold)
{
    const struct platform *platform = fold->job->platform;
    find_facing(fold);
    fold->mixed_nics = nics_are_mixed(fold);
    fold->equal_nics = nics_are_equal(platform);
    fold->tier_latency_s = arena_array(fold->arena, platform->tier_count + 1, sizeof(double));
    fold->most_latency_s = fold_edges_latency_most_s(fold);
    find_binding(fold);
    fold_ports_find(fold);
    int64_t ways = fold->way_count * fold->domain_count;
    fold->out = arena_array(fold->arena, ways + 1, sizeof(uint64_t));
    fold->in = arena_array(fold->arena, ways + 1, sizeof(uint64_t));
    mark_defects(fold);
    fold->scattered = detours_pass_trunks(fold);
}
