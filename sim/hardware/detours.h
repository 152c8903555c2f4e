/* SPDX-License-Identifier: Apache-2.0 */
/* The way of bytes round dead links: over other chips of the domain, another chip's NIC and
 * with it another rail, or the fabric where the domain's own links are gone. MODEL.md, "Dead
 * links".
 */
#pragma once

#include "hardware/platform.h"

struct detours;

/* Of a platform whose defects are in place; NULL when none of them is a dead link. */
const struct detours *detours_find(const struct platform *platform, struct arena *arena);

/* Whether the way between two chips may differ from that on a healthy machine, by a dead link
 * of their domains or a dead trunk above them. */
bool detours_touch(const struct platform *platform, int64_t from, int64_t to);

/* Whether a link of a domain or any trunk is dead: then ways out of it and inside may share
 * links. */
bool detours_in(const struct platform *platform, int64_t domain);

/* Whether detours_touch() may be true of some chips of two domains. */
bool detours_between(const struct platform *platform, int64_t from_domain, int64_t to_domain);

/* Whether some chips of one domain reach each other over the fabric only. */
bool detours_leave_domain(const struct detours *detours);

enum { DETOUR_STOPS = 12, DETOUR_LINKS = 48 };

/* Chips that bytes pass, the ends included. */
struct detour {
    int64_t stops[DETOUR_STOPS];
    int32_t count;
    int32_t entry; /* the stop that they reach over the fabric; 0: they stay in the domain */
};

/* The way between two chips that detours_touch(); false when nothing is left. */
bool detours_way(const struct platform *platform, int64_t from, int64_t to,
                 struct detour *detour);
