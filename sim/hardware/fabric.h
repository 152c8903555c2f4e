/* SPDX-License-Identifier: Apache-2.0 */
/* The way of bytes between any two chips of the machine: links inside a scale-up domain, and
 * over NICs and scale-out tiers between domains. MODEL.md, "Scale-out tiers". */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "hardware/platform.h"

enum { FABRIC_PATH_LINKS = 128 };

struct fabric_path {
    int64_t links[FABRIC_PATH_LINKS];   /* in order; ids for fabric_link_* */
    int32_t weights[FABRIC_PATH_LINKS]; /* of the flow on each, in fabric_link_units() */
    int32_t link_count;
    bool scale_out; /* goes over NICs */
    bool cut;       /* dead links leave no way: there are no links */
    double latency_s;
};

/* Once for each platform, when its tiers and NICs are known. */
void fabric_prepare(struct platform *platform, struct arena *arena);

/* Fills path for two different chips by global index. */
void fabric_path(const struct platform *platform, int64_t from, int64_t to,
                 struct fabric_path *path);

/* The lowest tier where two chips of different domains hang under the same switch; the last one
 * joins all. */
int64_t fabric_meeting_tier(const struct platform *platform, int64_t from, int64_t to);

/* The capacity of a link of a path, its medium's name ("tier1" for trunks), and a name that is
 * unique in the whole machine ("u3.rack-17_UP", "tier1.2.0_UP"). */
double fabric_link_Bps(const struct platform *platform, int64_t link);
enum link_policy fabric_link_policy(const struct platform *platform, int64_t link);
const char *fabric_link_medium(const struct platform *platform, int64_t link);
const char *fabric_link_name(const struct platform *platform, int64_t link,
                             struct arena *arena);

/* A flow loads a link by its weight over so many units: 1 but where planes are split. */
int64_t fabric_link_units(const struct platform *platform, int64_t link);

/* Which domain a link belongs to, or -1 for a trunk of a tier; the same link of another domain.
 */
int64_t fabric_link_domain(const struct platform *platform, int64_t link);
int64_t fabric_link_in(const struct platform *platform, int64_t link, int64_t domain);

/* Whether the NICs of two chips and the trunks between them have a live plane in common. */
bool fabric_planes_meet(const struct platform *platform, int64_t from, int64_t to);

/* A trunk of a tier, from its link number (below 0) and back. */
struct fabric_trunk {
    int64_t tier, group, rail; /* tier from 0 */
    bool down;
    int64_t plane; /* planes.h; 0: all, or those without defects */
};
struct fabric_trunk fabric_trunk_of(int64_t link);
int64_t fabric_trunk_link(const struct fabric_trunk *trunk);

/* The trunk of a tier over a chip: of its group and rail. */
struct fabric_trunk fabric_trunk_above(const struct platform *platform, int64_t tier,
                                       int64_t chip, bool down);

/* False for a healthy trunk that has at least the rate of all NICs below it: whatever passes it
 * has passed one of them, so that it never decides a rate. MODEL.md, "Scale-out tiers". */
bool fabric_link_binds(const struct platform *platform, int64_t link);
