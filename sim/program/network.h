/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the machine that a run uses: pairs of chips that send to each other, and the
 * links on their ways. Grows while programs are lowered, then becomes the engine's wiring. */
#pragma once

#include "base/arena.h"
#include "engine/wiring.h"
#include "hardware/fabric.h"
#include "hardware/platform.h"
#include "program/number_table.h"

struct alike { /* a link, and the wire that stands for it */
    int64_t link;
    int32_t wire;
};

struct network {
    struct arena *arena;
    const struct platform *platform;
    struct wiring wiring;
    int64_t *wire_links; /* [wire]: the link's id for fabric_link_* */
    int64_t wire_links_capacity;
    double *wire_scale; /* [wire] of a folded run: its capacity was divided by this; or NULL */
    int64_t *wire_members; /* [wire] of a folded run: links that it stands for; or NULL */
    struct alike *alike;   /* [alike_count] of a folded run: links of the first domain */
    int64_t alike_count;
    int64_t *pair_members; /* [pair] of a folded run: flows of its class; 0: a pair of chips */
    int64_t pair_members_capacity;
    double *pair_latency_s; /* [pair]: of links and switches */
    int64_t pair_latency_capacity;
    unsigned char *pair_scale_out; /* [pair]: goes over NICs */
    int64_t pair_scale_out_capacity;
    int64_t *chips; /* [end point]: global chip index */
    int64_t chips_capacity;
    struct number_table links_seen, pairs_seen, chips_seen;
    bool cut; /* dead links leave no way for a pair: this one */
    int64_t cut_from, cut_to;
};

void network_init(struct network *network, const struct platform *platform,
                  struct arena *arena);

/* The pair of two different chips, made when it is new. */
int32_t network_pair(struct network *network, int64_t from, int64_t to);

/* A new pair with end points of its own, over no links yet: the chips of a class of flows. */
int32_t network_class_pair(struct network *network, int64_t from, int64_t to,
                           const struct fabric_path *path);

/* Lets the newest pair cross a link, weight times. */
void network_cross(struct network *network, int64_t link, int32_t weight);

/* The weights on a wire are divided by their greatest common divisor, and so is its capacity.
 */
void network_reduce_weights(struct network *network);
