/* SPDX-License-Identifier: Apache-2.0 */
/* Machines of several domains made up for a test, without a file: stars, tori, and two racks
 * joined chip by chip; NICs of one chip or several; scale-out tiers with rails and
 * oversubscription. */
#pragma once

#include "base/random.h"
#include "hardware/platform.h"

enum cluster_kind { CLUSTER_STAR, CLUSTER_TORUS, CLUSTER_TWO_RACKS, CLUSTER_KIND_COUNT };

struct cluster {
    enum cluster_kind kind;
    int64_t chips;   /* of a domain; two racks: even */
    int64_t columns; /* of a torus: divides chips */
    int64_t domains;
    int64_t nic_chips; /* neighbours that share a NIC */
    bool nic_inside;   /* the way to it begins on links of the domain */
    int64_t tier_count;
    struct tier tiers[3];
    double Bps, nic_Bps; /* of each link, of each NIC */
};

struct platform *cluster_create(const struct cluster *cluster, struct arena *arena);

/* A cluster of so many domains of so many chips with everything else drawn; narrow: NICs or
 * trunks are shared and slow, so that flows meet there. */
struct cluster cluster_draw(struct random_stream *stream, int64_t domains, int64_t chips,
                            bool narrow);
