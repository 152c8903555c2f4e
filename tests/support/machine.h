/* SPDX-License-Identifier: Apache-2.0 */
/* Machines of one domain made up for a test, without a file: stars, trees with trunks, rings of
 * neighbours, and stars through a backbone that limits each flow alone. */
#pragma once

#include "base/random.h"
#include "hardware/platform.h"

enum machine_kind {
    MACHINE_STAR,
    MACHINE_TREE,
    MACHINE_RING,
    MACHINE_PIPE,
    MACHINE_KIND_COUNT
};

struct machine {
    enum machine_kind kind;
    int64_t chips;
    int64_t block;    /* of a tree: chips under one trunk */
    double Bps;       /* of a chip's link, or a link of the ring */
    double trunk_Bps; /* of a trunk, or of the backbone for each flow */
    double latency_s; /* of each link */
    double spread;    /* links are up to so much slower: 0 equal, 0.9 some ten times */
    struct random_stream *stream; /* draws the spread; NULL: equal */
};

/* Chips do 100 Tflop/s and have 96 GiB at 1 TB/s; a collective costs 5 us, a step 0.5 us. */
struct platform *machine_create(const struct machine *machine, struct arena *arena);

/* A machine of so many chips with everything else drawn. */
struct platform *machine_draw(struct random_stream *stream, int64_t chips, struct arena *arena);
