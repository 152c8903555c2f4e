/* SPDX-License-Identifier: Apache-2.0 */
#include "program/fold_ports.h"

#include "hardware/fabric.h"

/* Ports */

static void join_ports(struct fold *fold, int64_t place, bool out)
{
    const struct platform *platform = fold->job->platform;
    int64_t fabric = platform->chip_count;
    int32_t count, *port_of = fold->port_of, *port_of_link = fold->port_of_link;
    const int32_t *links =
        platform_route(platform, out ? place : fabric, out ? fabric : place, &count);
    for (int32_t i = 0; i < count; i++) {
        int32_t old = port_of_link[links[i]] - 1, now = port_of[place];
        for (int64_t other = 0; old >= 0 && old != now && other < fabric; other++) {
            port_of[other] = port_of[other] == old ? now : port_of[other];
        }
        for (int64_t link = 0; old >= 0 && old != now && link < platform->link_count; link++) {
            port_of_link[link] = port_of_link[link] == old + 1 ? now + 1 : port_of_link[link];
        }
        port_of_link[links[i]] = now + 1;
    }
}

static void find_ports(struct fold *fold)
{
    int64_t places = fold->job->platform->chip_count;
    for (int64_t c = 0; c < places; c++) {
        fold->port_of[c] = (int32_t)c;
    }
    for (int64_t c = 0; c < places; c++) {
        join_ports(fold, c, true);
        join_ports(fold, c, false);
    }
}

/* Ways */

static void open_way(struct fold *fold, int64_t place)
{
    int32_t port = fold->port_of[place];
    if (fold->way_of[port] == 0) {
        fold->way_of[port] = (int32_t)fold->way_count++;
    }
    fold->way_of[place] = fold->way_of[port];
}

/* The subgroups of a group with a degraded port are looked at one by one. */
static void open_group(struct fold *fold, int32_t index)
{
    const struct group *group = &fold->job->groups[index];
    if (fold->group_colour[index] == 0 || !fold->group_plain[index]) {
        return;
    }
    fold->group_plain[index] = 0;
    fold->group_parallel[index] = 0;
    for (int64_t i = 0; i < group->subgroup_count * group->subgroup_size; i++) {
        open_way(fold, fold_place(fold, group->chips[i]));
    }
}

/* [domain x place of a port] with a degraded link. */
static unsigned char *degraded_ports(const struct fold *fold)
{
    const struct platform *platform = fold->job->platform;
    int64_t places = platform->chip_count, links = platform->link_count;
    unsigned char *ports = arena_array(fold->arena, fold->domain_count * places + 1, 1);
    for (int64_t i = 0; i < platform->defect_count; i++) {
        int64_t link = platform->defects[i].link;
        int32_t port = link < 0 ? 0 : fold->port_of_link[link % links];
        if (port > 0) {
            ports[fabric_link_domain(platform, link) * places + port - 1] = 1;
        }
    }
    return ports;
}

static void open_groups(struct fold *fold)
{
    const struct job *job = fold->job;
    const unsigned char *degraded = degraded_ports(fold);
    int64_t places = job->platform->chip_count;
    for (int64_t t = 0; t < job->team_count; t++) {
        const struct team *team = &job->teams[t];
        bool touched = false;
        for (int64_t i = 0; i < team->chip_count; i++) {
            int64_t place = fold_place(fold, team->chips[i]);
            touched |= degraded[team->chips[i] - place + fold->port_of[place]] != 0;
        }
        for (int slot = 0; touched && slot < SLOT_COUNT; slot++) {
            if (team->groups[slot] >= 0) {
                open_group(fold, team->groups[slot]);
            }
        }
    }
    for (int64_t c = 0; c < places; c++) {
        fold->way_of[c] = fold->way_of[fold->port_of[c]];
    }
    for (int64_t l = 0; l < job->platform->link_count; l++) {
        int32_t port = fold->port_of_link[l];
        fold->way_of_link[l] = port > 0 ? fold->way_of[port - 1] : 0;
    }
}

/* Others may lie on the same places. */
static void find_plain(struct fold *fold)
{
    const struct job *job = fold->job;
    for (int64_t g = 0; fold->way_count > 1 && g < job->group_count; g++) {
        const struct group *group = &job->groups[g];
        int64_t count = group->subgroup_count * group->subgroup_size;
        for (int64_t i = 0; fold->group_plain[g] && i < count; i++) {
            fold->group_plain[g] = fold->way_of[fold_place(fold, group->chips[i])] == 0;
        }
    }
}

void fold_ports_find(struct fold *fold)
{
    const struct platform *platform = fold->job->platform;
    int64_t groups = fold->job->group_count;
    fold->port_of = arena_array(fold->arena, platform->chip_count + 1, sizeof(int32_t));
    fold->way_of = arena_array(fold->arena, platform->chip_count + 1, sizeof(int32_t));
    fold->port_of_link = arena_array(fold->arena, platform->link_count + 1, sizeof(int32_t));
    fold->way_of_link = arena_array(fold->arena, platform->link_count + 1, sizeof(int32_t));
    fold->group_plain = arena_array(fold->arena, groups + 1, 1);
    fold->way_count = 1;
    for (int64_t g = 0; g < groups; g++) {
        fold->group_plain[g] = 1;
    }
    if (fold->mixed_nics || platform->tier_count == 0 || platform->defect_count == 0) {
        return; /* on a healthy machine phases have nothing to mark each other with */
    }
    find_ports(fold);
    /* Round a dead link bytes may enter a healthy domain by another rail's port. */
    if (platform->detours == NULL || platform->tiers[0].rails == 1) {
        open_groups(fold);
        find_plain(fold);
    }
}

/* Colours */

int64_t fold_ports_way(const struct fold *fold, int64_t domain, int64_t place)
{
    return fold->way_of[place] * fold->domain_count + domain;
}

uint64_t fold_ports_colour(const struct fold *fold, const struct fold_edge *edge, bool out)
{
    int64_t domain = out ? edge->from_domain : edge->to_domain;
    const int64_t *chips = out ? edge->from_chips : edge->to_chips;
    const uint64_t *colours = out ? fold->out : fold->in;
    uint64_t colour = edge->plain ? colours[domain] : 0;
    for (int64_t i = 0; !edge->plain && i < edge->chip_count; i++) {
        int64_t way = fold_ports_way(fold, domain, fold_place(fold, chips[i]));
        colour = fold_mix(colour, colours[way]);
    }
    return colour;
}

void fold_ports_add(const struct fold *fold, const struct fold_edge *edge, bool out,
                    uint64_t *sums, uint64_t colour)
{
    int64_t domain = out ? edge->from_domain : edge->to_domain;
    const int64_t *chips = out ? edge->from_chips : edge->to_chips;
    if (edge->plain) {
        sums[domain] += colour;
        return;
    }
    for (int64_t i = 0; i < edge->chip_count; i++) {
        int64_t way = fold_ports_way(fold, domain, fold_place(fold, chips[i]));
        sums[way] += fold_mix(colour, (uint64_t)i);
    }
}

static void spread(uint64_t *colours, int64_t count)
{
    bool equal = true;
    for (int64_t d = 1; d < count && equal; d++) {
        equal = colours[d] == colours[0];
    }
    for (int64_t d = 0; d < count && !equal; d++) {
        colours[d] = fold_mix(colours[d], (uint64_t)d);
    }
}

void fold_ports_spread(struct fold *fold)
{
    for (int64_t w = 1; w < fold->way_count; w++) {
        spread(&fold->out[w * fold->domain_count], fold->domain_count);
        spread(&fold->in[w * fold->domain_count], fold->domain_count);
    }
    fold->spread = true;
}
