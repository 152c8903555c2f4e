/* SPDX-License-Identifier: Apache-2.0 */
/* The machine of a drawn case of folding, with all that it may be short of. */
#pragma once

#include "base/random.h"
#include "support/cluster.h"
#include "support/fold_case.h"

struct drawing {
    struct fold_case *fold_case;
    struct random_stream stream;
    struct arena *arena;
    struct platform *platform;
    struct cluster cluster;
    struct random_stream extra; /* for what a machine may have besides */
    bool shuffled;              /* teams lie anywhere */
};

static inline int64_t below(struct drawing *drawing, int64_t bound)
{
    return random_below(&drawing->stream, bound);
}

static inline bool toss(struct drawing *drawing)
{
    return below(drawing, 2) == 0;
}

/* A machine for so many chips in teams, and a number of domains that may be left idle. */
void fold_machine_draw(struct drawing *drawing, int64_t chips, int64_t team, int64_t idle);

/* The chips at the end of every domain are of a slower kind. */
void fold_machine_second_kind(struct drawing *drawing);

/* Up to three links slower or dead, now and then in both directions. */
void fold_machine_degrade(struct drawing *drawing);
