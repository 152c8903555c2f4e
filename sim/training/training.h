/* SPDX-License-Identifier: Apache-2.0 */
/* One training step from question to numbers: plan, memory, programs, simulation.
 * MODEL.md, "Training step". */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "execution/executor.h"
#include "hardware/evidence.h"
#include "hardware/platform.h"
#include "program/fold_job.h"
#include "training/timeline.h"
#include "workload/scenario.h"
#include "workload/transformer_memory.h"

struct training_options {
    enum detail detail;
    bool one_replica; /* lower_training_replica; no timeline is kept */
    bool unplanned;   /* training_prepare: the job before its exchanges are planned */
    bool any_memory;  /* run what does not fit too: it was seen to fit */
    struct timeline_request *timeline;               /* to be drawn; or NULL */
    void (*progress)(double fraction, double now_s); /* or NULL */
    void (*folded)(const struct fold_report *fold);  /* before it is run; or NULL */
};

struct training {
    const struct platform *platform;
    const struct scenario *scenario;
    struct plan plan; /* derived */
    struct training_shape shape;
    struct training_memory *memory; /* [pipeline_parallel] */
    int64_t fullest_stage;
    struct job *job;
    struct fold_report fold; /* of a folded run; else 0 */
    struct execution execution;
    struct span *spans; /* of the first pipeline, instruction by instruction */
    int64_t span_count, span_capacity;
    double healthy_s;      /* the step without slow chips, by straggler.h; 0: not asked */
    bool batch_rounded_up; /* the step uses more tokens than were asked for */
};

/* Simulates one step. NULL and an INFEASIBLE error when the plan does not divide the machine or
 * does not fit its memory: which stage, what takes how much, and what would fit. */
struct training *training_run(const struct platform *platform, const struct scenario *scenario,
                              const struct training_options *options, struct arena *arena,
                              struct error *error);

/* The same up to the job, which is not run. */
struct training *training_prepare(const struct platform *platform,
                                  const struct scenario *scenario,
                                  const struct training_options *options, struct arena *arena,
                                  struct error *error);

/* How far measured steps lie from simulated ones on this machine's chips. */
struct evidence training_evidence(const struct training *training, struct arena *arena);
