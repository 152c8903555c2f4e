/* SPDX-License-Identifier: Apache-2.0 */
/* A port is had in turns when all its traffic is one group's, or one team's whose program keeps
 * its exchanges apart. */
#include "program/fold_turns.h"

#include <string.h>

#include "hardware/fabric.h"
#include "program/fold_ports.h"
#include "program/fold_serial.h"
#include "program/fold_uses.h"
#include "program/fold_ways.h"

enum { NOBODY = 0, MANY = -1 };

struct fold_port {
    int32_t group, team; /* that alone uses it, + 1; NOBODY, or MANY */
};

static struct fold_port *port_at(const struct fold *fold, int64_t chip)
{
    int64_t places = fold->job->platform->chip_count;
    return &fold->ports[fold_domain(fold, chip) * places + fold->port_of[chip % places]];
}

/* Who uses them */

static void use_port(struct fold_port *port, int32_t group, int32_t team)
{
    port->group = port->group == NOBODY || port->group == group ? group : MANY;
    port->team = port->team == NOBODY || port->team == team ? team : MANY;
}

static bool leaves(const struct fold *fold, int32_t group)
{
    return group >= 0 && fold->group_colour[group] != 0;
}

static void use_by_groups(const struct fold *fold, int32_t index)
{
    const struct team *team = &fold->job->teams[index];
    for (int slot = 0; slot < SLOT_COUNT; slot++) {
        int32_t group = team->groups[slot];
        for (int64_t i = 0; leaves(fold, group) && i < team->chip_count; i++) {
            use_port(port_at(fold, team->chips[i]), group + 1, index + 1);
        }
    }
}

/* Messages are not waited for: they may move beside anything. */
static void use_by_messages(const struct fold *fold, int32_t index)
{
    const struct team *team = &fold->job->teams[index];
    for (int peer = 0; peer < PEER_COUNT; peer++) {
        bool sends = fold_use(fold, team->program, SLOT_COUNT + peer)->count > 0;
        const struct team *to = sends ? &fold->job->teams[team->peers[peer]] : team;
        for (int64_t i = 0; sends && i < team->chip_count; i++) {
            if (fold_domain(fold, team->chips[i]) != fold_domain(fold, to->chips[i])) {
                use_port(port_at(fold, team->chips[i]), MANY, MANY);
                use_port(port_at(fold, to->chips[i]), MANY, MANY);
            }
        }
    }
}

static bool keeps_apart(const struct fold *fold, const struct fold_serial *serial,
                        const struct team *team)
{
    bool apart = true;
    for (int one = 0; one < SLOT_COUNT; one++) {
        for (int other = 0; other < one; other++) {
            int32_t first = team->groups[one], second = team->groups[other];
            apart &= !leaves(fold, first) || !leaves(fold, second) || first == second ||
                     fold_serial_apart(serial, team, one, other);
        }
    }
    return apart;
}

void fold_turns_find(struct fold *fold)
{
    const struct job *job = fold->job;
    fold->by_turns = arena_array(fold->arena, job->group_count + 1, 1);
    const struct platform *platform = job->platform;
    if (fold->mixed_nics || platform->tier_count == 0 || platform->defect_count == 0) {
        return; /* on a healthy machine phases have nothing to mark each other with */
    }
    struct fold_serial serial = fold_serial_find(job, fold->arena);
    int64_t ports = fold->domain_count * platform->chip_count;
    fold->ports = arena_array(fold->arena, ports + 1, sizeof(struct fold_port));
    for (int32_t t = 0; t < job->team_count; t++) {
        use_by_groups(fold, t);
        use_by_messages(fold, t);
    }
    memset(fold->by_turns, 1, (size_t)job->group_count);
    for (int64_t t = 0; t < job->team_count; t++) {
        const struct team *team = &job->teams[t];
        bool apart = keeps_apart(fold, &serial, team), own = true;
        for (int64_t i = 0; i < team->chip_count; i++) {
            const struct fold_port *port = port_at(fold, team->chips[i]);
            own &= port->group != MANY || (apart && port->team != MANY);
        }
        for (int slot = 0; slot < SLOT_COUNT; slot++) {
            if (team->groups[slot] >= 0) {
                fold->by_turns[team->groups[slot]] &= own;
            }
        }
    }
}

/* Turns */

/* Whether a group has traffic on the port of a link that leads out of a domain or into it. */
static bool uses_link(const struct fold *fold, int32_t group, int64_t domain, int64_t link)
{
    int64_t places = fold->job->platform->chip_count;
    int32_t at = fold->port_of_link[link] - 1;
    const struct fold_port *port = &fold->ports[domain * places + (at < 0 ? 0 : at)];
    if (at < 0 || port->group != MANY) {
        return at >= 0 && port->group == group + 1;
    }
    bool uses = false;
    for (int slot = 0; slot < SLOT_COUNT && port->team > 0; slot++) {
        uses |= fold->job->teams[port->team - 1].groups[slot] == group;
    }
    return uses;
}

static void mark_turn(const struct fold *fold, struct fold_turn *turn, int32_t group)
{
    const struct platform *platform = fold->job->platform;
    for (int64_t i = 0; i < platform->defect_count; i++) {
        const struct link_defect *defect = &platform->defects[i];
        int64_t domain = fabric_link_domain(platform, defect->link);
        int64_t link = defect->link < 0 ? 0 : defect->link % platform->link_count;
        if (domain < 0 || !uses_link(fold, group, domain, link)) {
            continue;
        }
        uint64_t mark = fold_ways_mark(platform, defect);
        turn->out[domain] += fold->facing[link] & FOLD_FACING_OUT ? mark : 0;
        turn->in[domain] += fold->facing[link] & FOLD_FACING_IN ? mark : 0;
    }
}

static int32_t new_turn(struct fold *fold, int32_t group)
{
    fold->turns = arena_grow(fold->arena, fold->turns, fold->turn_count, &fold->turn_capacity,
                             sizeof(struct fold_turn));
    struct fold_turn *turn = &fold->turns[fold->turn_count];
    uint64_t **all[] = {&turn->out, &turn->in, &turn->out_sum, &turn->in_sum};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        *all[i] = arena_array(fold->arena, fold->domain_count, sizeof(uint64_t));
    }
    mark_turn(fold, turn, group);
    return (int32_t)fold->turn_count++;
}

struct fold_turn *fold_turns_at(struct fold *fold, const struct fold_edge *edge)
{
    if (edge->group < 0 || !fold->by_turns[edge->group]) {
        return NULL;
    }
    uint64_t exchange = (uint64_t)edge->group * (uint64_t)fold->job->spec_count;
    uint64_t key = (exchange + (uint64_t)edge->spec) * FOLD_PHASES + (uint64_t)edge->phase;
    if (fold->turn_count == 0 || fold->turn_key != key) {
        bool fresh;
        int32_t *number = number_table_at(&fold->turns_seen, key, &fresh, fold->arena);
        if (fresh) {
            *number = new_turn(fold, edge->group);
        }
        fold->turn_key = key;
        fold->turn = *number;
    }
    return &fold->turns[fold->turn];
}

/* Where inner ways share links with these, there is no having them alone. */
uint64_t fold_turns_way(struct fold *fold, const struct fold_edge *edge, bool out)
{
    int64_t domain = out ? edge->from_domain : edge->to_domain;
    const struct fold_turn *turn = fold_mixed(fold, domain) ? NULL : fold_turns_at(fold, edge);
    if (turn != NULL) {
        return (out ? turn->out : turn->in)[domain];
    }
    return fold_ports_colour(fold, edge, out);
}
