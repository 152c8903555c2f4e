/* SPDX-License-Identifier: Apache-2.0 */
/* Training jobs of a small transformer on made-up machines: every kind of parallelism, few
 * chips. */
#pragma once

#include "base/random.h"
#include "program/job.h"
#include "workload/plan.h"

struct small_job {
    struct plan plan; /* derived */
    struct model model;
    const struct platform *platform;
    struct job *job; /* NULL: refused */
    char text[256];  /* for people: the plan */
};

/* 8 layers of width 1024, 16 heads; expert_count 0: dense. */
struct model small_job_model(int64_t expert_count);

/* Derives the plan for the platform and lowers one step of micro_batches microbatches of one
 * sequence of 512 tokens. */
void small_job_make(struct small_job *small, const struct platform *platform,
                    int64_t micro_batches, struct arena *arena);

/* A job with everything drawn: at most 24 chips, 8 microbatches. */
void small_job_draw(struct small_job *small, struct random_stream *stream, struct arena *arena);
