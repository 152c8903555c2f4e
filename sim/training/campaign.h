/* SPDX-License-Identifier: Apache-2.0 */
/* A long run of a training step: what fails on the machine, where checkpoints go and how long
 * they and restarts take, as a case for goodput.h. MODEL.md, "Goodput". */
#pragma once

#include "hardware/platform.h"
#include "training/goodput.h"
#include "workload/model.h"
#include "workload/plan.h"

enum campaign_checkpoint { /* X(NAME, text, meaning) */
#define CAMPAIGN_CHECKPOINTS(X)                                                                \
    X(SYNC, "sync", "the job stands until the store has it")                                   \
    X(ASYNC, "async", "the job stands until hosts have it, which then write it")               \
    X(MEMORY, "memory", "hosts keep it, each with a copy at a partner; some go to the store")
#define CAMPAIGN_ENUM(NAME, text, meaning) CAMPAIGN_##NAME,
                           CAMPAIGN_CHECKPOINTS(CAMPAIGN_ENUM) CAMPAIGN_CHECKPOINT_COUNT
#undef CAMPAIGN_ENUM
};

struct campaign_options {
    double duration_s, step_s; /* step_s: checkpoints come after whole steps */
    enum campaign_checkpoint checkpoint;
    double interval_s;     /* work between checkpoints; 0: Daly's */
    int64_t durable_every; /* of MEMORY: one of so many goes to the store */
    double detection_s, warm_up_s, repair_s;
    double shape; /* Weibull, of the gaps between failures; 0: the platform's, else 1 */
    int64_t spare_domains; /* 0: no limit */
};

struct campaign {
    struct goodput_case what;
    double checkpoint_bytes;       /* of the whole job, once */
    double chip_bytes;             /* that a chip writes */
    double restore_chip_bytes;     /* that a chip reads */
    double load_s, durable_load_s; /* of the restart */
};

/* False and an INFEASIBLE error when the machine has no tier for such checkpoints or no rates
 * of failure. */
bool campaign_of(const struct platform *platform, const struct model *model,
                 const struct plan *plan, const struct campaign_options *options,
                 struct campaign *campaign, struct error *error);

/* The interval in whole steps, at least one. */
void campaign_round(struct goodput_case *what, double step_s);

const char *campaign_checkpoint_name(enum campaign_checkpoint checkpoint);
