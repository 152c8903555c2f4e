/* SPDX-License-Identifier: Apache-2.0 */
/* The network of one run as the engine sees it: links with capacities and pairs of end points
 * with weighted links between them. An ordinary SimGrid platform; latency is not in it, the
 * programs charge it (docs/decisions/0002-latency-is-charged-by-programs.md). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct wire {
    const char *name; /* unique, or NULL: then it gets a number */
    const char *note; /* written as a comment, or NULL */
    double capacity_Bps;
    bool fatpipe; /* the capacity holds for each flow alone */
    bool idle;    /* never decides a rate: kept for accounts, left out of the engine */
};

struct pair {
    int32_t from, to; /* end points */
    int32_t first;    /* into crossings */
    int32_t count;
    const char *note;
};

struct crossing {
    int32_t wire;
    int32_t weight; /* listed so often: a flow then weighs so much on the wire */
};

struct wiring {
    struct arena *arena;
    struct wire *wires;
    int64_t wire_count, wire_capacity;
    struct pair *pairs;
    int64_t pair_count, pair_capacity;
    struct crossing *crossings;
    int64_t crossing_count, crossing_capacity;
    int64_t end_point_count;
};

/* Each returns the index of what it added. Crossings belong to the pair added last. */
int32_t wiring_wire(struct wiring *wiring, const char *name, double capacity_Bps, bool fatpipe);
int32_t wiring_pair(struct wiring *wiring, int32_t from, int32_t to);
void wiring_cross(struct wiring *wiring, int32_t wire, int32_t weight);

/* The SimGrid XML of the network, 0-terminated; *size without the 0. */
char *wiring_xml(const struct wiring *wiring, struct arena *arena, int64_t *size);
