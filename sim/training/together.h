/* SPDX-License-Identifier: Apache-2.0 */
/* Training jobs that share a machine: how long a step of each takes alone on its chips, and
 * with the others at work. MODEL.md, "Workloads side by side". */
#pragma once

#include "program/merge.h"
#include "training/training.h"

enum { TOGETHER_MOST = 8, TOGETHER_STEPS_MOST = 32 };

struct together_part {
    const struct scenario *scenario;
    int64_t chips;
    int64_t steps;     /* simulated one after the other, so that all parts last about as long */
    double alone_s;    /* a step, the other parts' chips idle */
    double together_s; /* a step, mean over steps */
};

struct together {
    struct together_part parts[TOGETHER_MOST];
    int64_t count;
    enum merge_layout layout;
    struct job *job;
    struct fold_report fold; /* of a folded run; else 0 */
    struct execution execution;
};

/* Fills what the parts took. The platform is the whole machine. INPUT error when it cannot be
 * cut into equal parts; else errors as training_run(). */
bool together_run(const struct platform *platform, struct together *together,
                  const struct training_options *options, struct arena *arena,
                  struct error *error);
