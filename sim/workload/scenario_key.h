/* SPDX-License-Identifier: Apache-2.0 */
/* Every key of a workload file: one table for reading YAML, for --set and for the
 * documentation. X(name, type, member of struct scenario, lowest, highest, choices, default,
 * meaning); a key without a default must be given. */
#pragma once

#include "workload/scenario.h"

enum key_type {
    KEY_FIXED,  /* one of the choices, as int; not for --set */
    KEY_TEXT,   /* any text */
    KEY_WORD,   /* one of the choices, or any when there are none, as text */
    KEY_MODEL,  /* a path, relative to the workload file */
    KEY_COUNT,  /* int64_t */
    KEY_CHIPS,  /* int64_t, or "all" for 0 */
    KEY_SIZE,   /* bytes, with a unit */
    KEY_SHARE,  /* more than 0, at most 1 */
    KEY_REAL,   /* double, from lowest to highest */
    KEY_TIME,   /* seconds, with a unit */
    KEY_RATE,   /* bytes per second, with a unit */
    KEY_SWITCH, /* bool */
    KEY_CHOICE, /* one of the choices, as int */
    KEY_NUMBER, /* one of the choices, as double */
    KEY_DTYPE
};

#define SCENARIO_TOP_KEYS(X)                                                                   \
    X(kind, FIXED, kind, 0, 0, "training|collective|serving", NULL,                            \
      "what the workload is; the section of that name follows")                                \
    X(title, TEXT, title, 0, 0, NULL, NULL, "one line for people")

#define SCENARIO_TRAINING_KEYS(X)                                                              \
    X(model, MODEL, model_path, 0, 0, NULL, NULL,                                              \
      "the model's config.json, relative to the workload file")                                \
    X(sequence_tokens, COUNT, sequence_tokens, 1, 1 << 26, NULL, NULL, "tokens of a sequence") \
    X(batch_tokens, COUNT, batch_tokens, 1, INT64_C(1) << 50, NULL, NULL,                      \
      "tokens of a step, over all chips; rounded up to what the plan can divide")

#define SCENARIO_PLAN_KEYS(X)                                                                  \
    X(tensor_parallel, COUNT, plan.tensor_parallel, 1, 1 << 16, NULL, "1",                     \
      "chips that share each matrix")                                                          \
    X(sequence_parallel, SWITCH, plan.sequence_parallel, 0, 0, NULL, "on",                     \
      "between matrices each of those chips keeps its share of the tokens only")               \
    X(pipeline_parallel, COUNT, plan.pipeline_parallel, 1, 1 << 16, NULL, "1",                 \
      "stages that the layers are divided over")                                               \
    X(virtual_stages, COUNT, plan.virtual_stages, 1, 1 << 10, NULL, "1",                       \
      "chunks of layers per stage: 1 is 1F1B, more is interleaved 1F1B")                       \
    X(schedule, CHOICE, plan.schedule, 0, 0, "1f1b|gpipe|zero-bubble|dualpipe", "1f1b",        \
      "order of a pipeline's turns; zero-bubble (ZB-H1) and dualpipe delay weights' "          \
      "gradients, "                                                                            \
      "dualpipe has two stages a chip and microbatches from both ends")                        \
    X(pipeline_inside, SWITCH, plan.pipeline_inside, 0, 0, NULL, "off",                        \
      "on: the stages of one copy of the model are neighbours; off: the copies of one stage")  \
    X(context_parallel, COUNT, plan.context_parallel, 1, 1 << 16, NULL, "1",                   \
      "chips that share the tokens of each sequence")                                          \
    X(expert_parallel, COUNT, plan.expert_parallel, 1, 1 << 16, NULL, "1",                     \
      "chips that share the experts of a mixture, out of the chips of one stage")              \
    X(expert_tensor_parallel, COUNT, plan.expert_tensor_parallel, 1, 1 << 16, NULL, "1",       \
      "with expert_parallel: chips that share each expert, 1 or tensor_parallel")              \
    X(expert_capacity, REAL, plan.expert_capacity, 0, 64, NULL, "0",                           \
      "each expert computes so many times its mean load, padded; more is dropped; 0: all "     \
      "tokens, none padded")                                                                   \
    X(expert_imbalance, REAL, plan.expert_imbalance, 0, 1024, NULL, "1",                       \
      "tokens of the busiest chip's experts over the mean, without a capacity")                \
    X(dispatch_dtype, DTYPE, plan.dispatch_dtype, 0, 0, "bf16|fp8", "bf16",                    \
      "of tokens, and of their gradients, on the way to experts; results travel in bf16")      \
    X(merged_dispatch, SWITCH, plan.merged_dispatch, 0, 0, NULL, "off",                        \
      "a token goes once to a domain, whatever number of its experts are there")               \
    X(overlap_experts, SWITCH, plan.overlap_experts, 0, 0, NULL, "off",                        \
      "tokens of one microbatch travel to experts while another one works")                    \
    X(micro_batch, COUNT, plan.micro_batch, 1, 1 << 16, NULL, "1",                             \
      "sequences that pass the pipeline together")                                             \
    X(second_kind_share, REAL, plan.second_kind_share, 0, 1, NULL, "0",                        \
      "on a machine with two kinds of chip: share of the batch for copies of the model on "    \
      "the "                                                                                   \
      "second; 0: every copy gets the same")                                                   \
    X(zero_stage, COUNT, plan.zero_stage, 0, 3, NULL, "1",                                     \
      "what data-parallel chips divide among them: 0 nothing, 1 optimizer states, 2 "          \
      "gradients "                                                                             \
      "too, 3 weights too (fully sharded)")                                                    \
    X(shard_chips, COUNT, plan.shard_chips, 0, 1 << 24, NULL, "0",                             \
      "hybrid sharding: data- and context-parallel ranks that divide the states, the others "  \
      "hold copies; 0: all divide them")                                                       \
    X(adapter_rank, COUNT, plan.adapter_rank, 0, 1 << 16, NULL, "0",                           \
      "LoRA: rank of the adapters that are trained beside frozen weights; 0: all weights are " \
      "trained")                                                                               \
    X(context_ring, SWITCH, plan.context_ring, 0, 0, NULL, "off",                              \
      "context parallelism passes keys and values round in blocks beside the core; off: it "   \
      "gathers them before")                                                                   \
    X(offload_optimizer, SWITCH, plan.offload_optimizer, 0, 0, NULL, "off",                    \
      "optimizer states stay in the host's memory and are streamed through the chip")          \
    X(offload_activations, REAL, plan.offload_activations, 0, 1, NULL, "0",                    \
      "share of activations that waits in the host's memory for the backward turn")            \
    X(recompute, CHOICE, plan.recompute, 0, 0, "none|selective|vector|full", "none",           \
      "what is computed again instead of kept: nothing, the attention core unless it is a "    \
      "flash kernel, norms and activations too, whole layers")                                 \
    X(recompute_layers, COUNT, plan.recompute_layers, 0, 1 << 16, NULL, "0",                   \
      "with recompute: in so many layers of each chunk, the first ones; 0: all")               \
    X(dtype, DTYPE, plan.dtype, 0, 0, "bf16|fp16|fp8|fp4", "bf16",                             \
      "of the operands of the layers' matrices; fp16 counts as bf16")                          \
    X(scaling, CHOICE, plan.scaling, 0, 0, "delayed|current|block", "delayed",                 \
      "scales of fp8: from steps before, of the tensor (read once more), of blocks (MX); fp4 " \
      "has blocks")                                                                            \
    X(overlap_gradients, SWITCH, plan.overlap_gradients, 0, 0, NULL, "on",                     \
      "gradients are reduced beside the last backward pass, not after it")                     \
    X(overlap_weights, SWITCH, plan.overlap_weights, 0, 0, NULL, "off",                        \
      "zero_stage 1 and 2: new weights are gathered beside the next forward pass")             \
    X(overlap_tensor, SWITCH, plan.overlap_tensor, 0, 0, NULL, "off",                          \
      "gathers and scatters of tensor parallelism run beside the matmul that they serve")      \
    X(gradient_bytes, NUMBER, plan.gradient_bytes, 0, 0, "2|4", "4",                           \
      "bytes of a gradient, as summed and reduced")                                            \
    X(flash_attention, SWITCH, plan.flash_attention, 0, 0, NULL, "on",                         \
      "one kernel for the attention core; off: its scores are written and kept")               \
    X(uneven_stages, SWITCH, plan.uneven_stages, 0, 0, NULL, "off",                            \
      "allow stages with unequal numbers of layers")

#define SCENARIO_COLLECTIVE_KEYS(X)                                                            \
    X(operation, WORD, operation, 0, 0,                                                        \
      "all-reduce|reduce-scatter|all-gather|all-to-all|broadcast|send-receive", NULL,          \
      "what the chips do")                                                                     \
    X(size, SIZE, size_bytes, 1, INT64_C(1) << 50, NULL, NULL,                                 \
      "of each chip's whole buffer, with a unit")                                              \
    X(group_chips, CHIPS, group_chips, 0, INT64_C(1) << 40, NULL, "all",                       \
      "how many chips take part, the first ones; all or 0 is every chip")                      \
    X(repeats, COUNT, repeats, 1, 1000000, NULL, "1",                                          \
      "how often, one after the other; the time is of one of them, in the mean")               \
    X(algorithm, WORD, algorithm, 0, 0, NULL, "auto", "how; auto takes the fastest")

#define SCENARIO_SIMULATION_KEYS(X)                                                            \
    X(coalesce, SWITCH, coalesce, 0, 0, NULL, "on",                                            \
      "what only one team's links carry is slept through in one piece")                        \
    X(slow_chips, COUNT, slow_chips, 0, INT64_C(1) << 40, NULL, "0",                           \
      "how many chips, drawn by seed, work slower than the others")                            \
    X(slow_chip_speed, SHARE, slow_chip_speed, 0, 0, NULL, "0.8",                              \
      "their speed, as a share of a healthy chip's")                                           \
    X(chip_speed_deviation, REAL, chip_speed_deviation, 0, 1, NULL, "0",                       \
      "standard deviation of the chips' speeds, drawn by seed about 1 in hundredths")          \
    X(degraded_links, TEXT, defects.degraded_links, 0, 0, NULL, "none",                        \
      "NAME:SHARE,...: links that have only this share of their rate, 0 for dead ones, named " \
      "as in the table of links of a result (u3.nic-05-1_UP, tier1.2.0_UP), without _UP and "  \
      "_DOWN for both directions, * for any characters (u3.nvlink-*:17/18); .plane1 behind "   \
      "it, or plane1 alone: of one plane of the scale-out network")                            \
    X(dead_chips, TEXT, defects.dead_chips, 0, 0, NULL, "none",                                \
      "NAME,... such as u3.chip-05-1, * for any characters, or a number drawn by seed: chips " \
      "that do not work, each with all that leave with it (failure.taken_chips)")              \
    X(spare_chips, COUNT, defects.spare_chips, 0, INT64_C(1) << 40, NULL, "0",                 \
      "chips at the end of the machine that wait to take the places of dead ones")             \
    X(seed, COUNT, seed, 0, INT64_C(1) << 53, NULL, "1", "of all random numbers")

struct scenario_key {
    const char *name; /* "training.plan.tensor_parallel" */
    const char *short_name;
    enum key_type type;
    size_t offset; /* in struct scenario */
    int64_t lowest, highest;
    const char *choices, *fallback, *meaning;
};

int scenario_key_count(void);
const struct scenario_key *scenario_key_at(int index);

/* By the last parts of its name, "plan.dtype" or "dtype"; NULL when there is none. */
const struct scenario_key *scenario_key_find(const char *name);

/* The same among the keys that a kind of workload has ("training"): its own and shared ones. */
const struct scenario_key *scenario_key_find_kind(const char *kind, const char *name);

/* Reads text into the key's member. False and an INPUT error without place: "is 'x', expected
 * y", to be put behind the key's name. */
bool scenario_key_apply(const struct scenario_key *key, const char *text,
                        struct scenario *scenario, struct arena *arena, struct error *error);

/* The key's row in workloads/README.md. */
void scenario_key_row(const struct scenario_key *key, char *row, int size);
