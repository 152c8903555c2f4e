/* SPDX-License-Identifier: Apache-2.0 */
/* What uncertain inputs do to the answer of a run: the points of a sweep (all inputs at their
 * values; each alone at its ends; Latin-hypercube samples of all together), and what is made of
 * their figures: ranges, and the tornado. MODEL.md, "Uncertainty". */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "study/distribution.h"

struct uncertainty_input {
    const char *key;    /* of a sweep: "platform.chip.trn3.tdp", "batch_tokens"; or "price" */
    const char *usual;  /* its value as the files have it; "": left alone */
    const char *source; /* of its range; or NULL */
    struct distribution distribution;
    bool whole;
};

struct uncertainty {
    const struct uncertainty_input *inputs;
    int64_t input_count, samples;
    uint64_t seed;
    double *fractions; /* [points x inputs]: where in its distribution; -1: usual */
    int64_t point_count;
    struct arena *arena;
};

/* What one figure is over the samples. NAN where no sample has it. */
struct uncertainty_range {
    double value; /* of the usual point */
    double mean, deviation, least, p05, p50, p95, most;
    int64_t count; /* samples that have it */
};

/* What one input does to a figure. */
struct uncertainty_swing {
    int64_t input;
    double low, high; /* the figure with the input alone at its ends */
    double rank;      /* Spearman's correlation of input and figure over the samples */
};

/* 1 + 2 x inputs + samples points: the usual one, each input's low and high end, the samples.
 */
struct uncertainty *uncertainty_create(const struct uncertainty_input *inputs, int64_t count,
                                       int64_t samples, uint64_t seed, struct arena *arena);

/* The text of an input at a point. */
const char *uncertainty_text(const struct uncertainty *uncertainty, int64_t point,
                             int64_t input);

/* figures: [point_count], NAN of points that failed. */
struct uncertainty_range uncertainty_range(const struct uncertainty *uncertainty,
                                           const double *figures);

/* All inputs, those that move the figure most first. */
struct uncertainty_swing *uncertainty_tornado(const struct uncertainty *uncertainty,
                                              const double *figures);
