/* SPDX-License-Identifier: Apache-2.0 */
/* How a training job is laid over chips: degrees of parallelism, schedule, memory choices. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "hardware/chip.h"
#include "workload/model.h"

enum recompute { RECOMPUTE_NONE, RECOMPUTE_SELECTIVE, RECOMPUTE_FULL, RECOMPUTE_COUNT };

struct plan {
    int64_t tensor_parallel, pipeline_parallel, context_parallel, expert_parallel;
    int64_t virtual_stages;     /* 1: 1F1B; more: interleaved 1F1B */
    int64_t micro_batch;        /* sequences */
    int64_t data_parallel;      /* derived: chips / (TP x PP x CP) */
    int64_t micro_batches;      /* derived: per pipeline and step */
    int64_t batch_sequences;    /* derived: what the step really uses */
    bool sequence_parallel;
    int64_t zero_stage;         /* 0: states replicated; 1: optimizer states sharded over DP x CP */
    enum recompute recompute;
    enum dtype dtype;           /* of matmul operands */
    bool overlap_gradients;     /* gradient reduction beside the last backward pass */
    double gradient_bytes;      /* per parameter, as accumulated and reduced: 2 or 4 */
};

const char *recompute_name(enum recompute recompute);

/* Derives data_parallel, micro_batches and batch_sequences for this many chips and this batch.
 * Refuses (INFEASIBLE) degrees that do not divide chips, heads, layers or experts, naming a
 * degree that would; rounds the batch up to a multiple of DP x micro_batch. */
bool plan_derive(struct plan *plan, const struct model *model, int64_t chips,
                 int64_t sequence_tokens, int64_t batch_tokens, struct error *error);
