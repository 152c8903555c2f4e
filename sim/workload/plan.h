/* SPDX-License-Identifier: Apache-2.0 */
/* How a training job is laid over chips: degrees of parallelism, schedule, memory choices. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "hardware/chip.h"
#include "workload/model.h"

/* What is computed again instead of kept: nothing, the attention core unless it is a flash
 * kernel, with it the results of norms and activations, whole layers. */
enum recompute {
    RECOMPUTE_NONE,
    RECOMPUTE_SELECTIVE,
    RECOMPUTE_VECTOR,
    RECOMPUTE_FULL,
    RECOMPUTE_COUNT
};

/* Order of a pipeline's turns. ZERO_BUBBLE and DUALPIPE compute the gradients of weights later
 * than those of data; with DUALPIPE every chip has two stages, and microbatches come from both
 * ends. */
enum pipeline_schedule {
    SCHEDULE_1F1B,
    SCHEDULE_GPIPE,
    SCHEDULE_ZERO_BUBBLE,
    SCHEDULE_DUALPIPE
};

/* How narrow operands get their scales: by the largest value of steps before, of the tensor
 * itself (read once more), or of each block (MX and NV formats). */
enum scaling { SCALING_DELAYED, SCALING_CURRENT, SCALING_BLOCK };

struct plan {
    int64_t tensor_parallel, pipeline_parallel, context_parallel, expert_parallel;
    int64_t expert_tensor_parallel; /* with expert_parallel: chips that share each expert, 1 or
                                       tensor_parallel */
    int64_t virtual_stages;         /* 1: 1F1B; more: interleaved 1F1B */
    enum pipeline_schedule schedule;
    bool overlap_experts;  /* a microbatch's tokens travel to experts while another one works */
    int64_t micro_batch;   /* sequences */
    int64_t data_parallel; /* derived: chips / (TP x PP x CP) */
    int64_t micro_batches; /* derived: per pipeline and step */
    double second_kind_share; /* of the batch, for copies on the machine's second kind of chip;
                                 0: every copy gets the same */
    int64_t batch_sequences;  /* derived: what the step really uses */
    bool sequence_parallel;
    bool pipeline_inside; /* chips are dealt to TP, CP, PP, DP from fast to slow; false: to TP,
                             CP, DP, PP */
    int64_t zero_stage;   /* over DP x CP: 0 states replicated; 1 optimizer states sharded; 2
                             gradients too; 3 weights too (fully sharded) */
    enum recompute recompute;
    int64_t recompute_layers;  /* of each chunk, with recompute; 0: all */
    enum dtype dtype;          /* of matmul operands */
    enum scaling scaling;      /* of narrow ones */
    enum dtype dispatch_dtype; /* of tokens on their way to experts; results come in bf16 */
    bool merged_dispatch; /* a token goes once to a domain, whatever number of its experts there
                           */
    bool fused_experts;   /* activations and conversions inside the experts' grouped products */
    double expert_capacity;  /* of the mean load of an expert: padded to that; 0: all tokens */
    double expert_imbalance; /* load of the busiest chip's experts over the mean; 0: 1 */
    bool overlap_gradients;  /* gradient reduction beside the last backward pass */
    bool
        overlap_weights; /* zero_stage 1, 2: gather new weights beside the first forward pass */
    bool overlap_tensor; /* gathers and scatters of TP run beside the matmul they serve */
    bool blocking_sends; /* a pipeline stage waits until its message has gone */
    bool divided_sends;  /* without sequence parallelism each chip of a tensor-parallel group
                            sends  its share, and the receivers gather them */
    bool fused_vectors;  /* a compiler joins neighbouring element-wise operations */
    double gradient_bytes;     /* per parameter, as accumulated and reduced: 2 or 4 */
    bool flash_attention;      /* false: the core stores its scores, as before 2022 */
    double attention_fraction; /* speed of the fused kernel over the chip's best; 0: the best */
    double kernel_gap_s; /* between two kernels: the host's launch, where nothing hides it */
    double expert_gap_s; /* of a mixture's routing each way, while the host reads its counts */
    double expert_launch_s; /* of the host for the kernels of a chip's experts, one pass */
    bool whole_gradients;   /* zero_stage 1 sums all gradients on every replica */
    bool frozen_weights;    /* only small adapters are trained */
    int64_t adapter_rank;   /* of those, beside each matrix of a layer */
    int64_t shard_chips; /* data- and context-parallel ranks that divide the states; 0: all */
    bool context_ring; /* keys and values go round block by block, not gathered before the core
                        */
    bool offload_optimizer; /* states stay in the host's memory, streamed through the chip */
    double
        offload_activations; /* share that waits in the host's memory for its backward turn */
    bool uneven_stages;      /* allow PP x virtual stages that do not divide the layers */
};

/* Plan and model together, as the operations and the memory need them. The plan is derived. */
struct training_shape {
    const struct model *model;
    const struct plan *plan;
    int64_t sequence_tokens;
};

const char *recompute_name(enum recompute recompute);
const char *plan_schedule_name(enum pipeline_schedule schedule);

/* The plan of a workload that says nothing: one chip, bf16. workloads/README.md lists it. */
void plan_init(struct plan *plan);

/* Derives data_parallel, micro_batches and batch_sequences for this many chips and this batch.
 * Refuses (INFEASIBLE) degrees that do not divide chips, heads, layers or experts, naming a
 * degree that would; rounds the batch up to a multiple of DP x micro_batch. Layers divide when
 * the stages are equal or when the last, or the first and the last, have one layer less.
 * MODEL.md, "Batch rounding". */
bool plan_derive(struct plan *plan, const struct model *model, int64_t chips,
                 int64_t sequence_tokens, int64_t batch_tokens, struct error *error);

/* Experts: with expert_parallel > 1 each chip holds whole experts, and the group of
 * expert_parallel chips is consecutive in the order TP (fastest), CP, DP of one pipeline stage;
 * with 1 each chip holds a slice of all of them, cut like a dense MLP over TP. So their
 * gradients are reduced over plan_expert_replicas chips, those of all else over DP x CP. */
int64_t plan_expert_tensor_parallel(const struct plan *plan);
/* Blocks of layers that a chip has, and the pipeline stage of one of them. */
int64_t plan_chunks(const struct plan *plan);
int64_t plan_chunk_stage(const struct plan *plan, int64_t stage, int64_t chunk);
/* Gradients of weights are computed in turns of their own. */
bool plan_splits_backward(const struct plan *plan);
int64_t plan_shards(const struct plan *plan); /* ranks that divide the states of a stage */
int64_t plan_expert_replicas(const struct plan *plan);
