/* SPDX-License-Identifier: Apache-2.0 */
/* Which layers a pipeline stage holds, and how many parameters each of its chips. */
#pragma once

#include "workload/plan.h"

/* The layers of a stage chunk: which part of the model it holds. */
struct stage {
    int64_t dense_layers, layers; /* layers: all others (experts or a dense model's) */
    bool embedding;
    int64_t head; /* passes through the head: one more for each layer that predicts further */
};

/* The content of virtual chunk 'chunk' (0 .. virtual_stages-1) of pipeline stage 'stage'.
 * Layers are spread evenly, the remainder one each over the middle stages first. */
struct stage transformer_stage(const struct model *model, const struct plan *plan,
                               int64_t stage, int64_t chunk);

/* Parameters that one chip of this stage holds (all its chunks): outside experts and in
 * experts. A tied embedding is held by the first and by the last stage. */
struct parameters {
    double dense, expert;
};
struct parameters transformer_stage_parameters(const struct model *model,
                                               const struct plan *plan, int64_t stage);

/* The same for a chunk of a chip, which with DualPipe may be the stage opposite. */
struct stage transformer_chunk(const struct model *model, const struct plan *plan,
                               int64_t stage, int64_t chunk);

/* Of the dense ones: those of embedding, positions and head. */
double transformer_stage_vocabulary_parameters(const struct model *model,
                                               const struct plan *plan, int64_t stage);
