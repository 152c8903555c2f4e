/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a plan can be laid over chips at all. Only arithmetic: whether it fits in memory is
 * asked of transformer_memory, whether it is fast of the simulation. */
#include "workload/plan.h"

#include <stdio.h>

enum { HINT_SIZE = 64 };

const char *recompute_name(enum recompute recompute)
{
    static const char *const names[] = {"none", "selective", "vector", "full"};
    return names[recompute];
}

const char *plan_schedule_name(enum pipeline_schedule schedule)
{
    static const char *const names[] = {"1f1b", "gpipe", "zero-bubble", "dualpipe"};
    return names[schedule];
}

void plan_init(struct plan *plan)
{
    *plan = (struct plan){.tensor_parallel = 1,
                          .pipeline_parallel = 1,
                          .context_parallel = 1,
                          .expert_parallel = 1,
                          .expert_tensor_parallel = 1,
                          .virtual_stages = 1,
                          .micro_batch = 1,
                          .sequence_parallel = true,
                          .zero_stage = 1,
                          .recompute = RECOMPUTE_NONE,
                          .dtype = DTYPE_BF16,
                          .dispatch_dtype = DTYPE_BF16,
                          .overlap_gradients = true,
                          .gradient_bytes = 4,
                          .flash_attention = true,
                          .fused_vectors = true};
}

int64_t plan_expert_tensor_parallel(const struct plan *plan)
{
    int64_t sharing = plan->expert_tensor_parallel;
    if (plan->expert_parallel <= 1) {
        return plan->tensor_parallel;
    }
    return sharing > 1 ? sharing : 1;
}

int64_t plan_shards(const struct plan *plan)
{
    int64_t ranks = plan->data_parallel * plan->context_parallel;
    return plan->shard_chips > 0 && plan->shard_chips < ranks ? plan->shard_chips : ranks;
}

int64_t plan_chunks(const struct plan *plan)
{
    return plan->schedule == SCHEDULE_DUALPIPE ? 2 : plan->virtual_stages;
}

int64_t plan_chunk_stage(const struct plan *plan, int64_t stage, int64_t chunk)
{
    bool mirrored = plan->schedule == SCHEDULE_DUALPIPE && chunk == 1;
    return mirrored ? plan->pipeline_parallel - 1 - stage : stage;
}

bool plan_splits_backward(const struct plan *plan)
{
    return plan->schedule == SCHEDULE_ZERO_BUBBLE || plan->schedule == SCHEDULE_DUALPIPE;
}

int64_t plan_expert_replicas(const struct plan *plan)
{
    return plan->tensor_parallel * plan->context_parallel * plan->data_parallel /
           (plan->expert_parallel * plan_expert_tensor_parallel(plan));
}

/* What a degree must divide, and for the search of another: what else it must satisfy. */
struct demand {
    const struct model *model;
    int64_t whole, factor; /* degree x factor must divide whole */
    bool (*fits)(const struct demand *demand, int64_t degree);
    bool uneven;
};

static bool divides(const struct demand *demand, int64_t degree)
{
    return demand->whole % (degree * demand->factor) == 0;
}

/* The largest fitting degree below and the smallest above, as "4 or 8". */
static const char *hint(const struct demand *demand, int64_t degree, char text[HINT_SIZE])
{
    int64_t below = degree < demand->whole ? degree - 1 : demand->whole;
    while (below > 1 && !demand->fits(demand, below)) {
        below--;
    }
    int64_t above = degree + 1;
    while (above <= demand->whole && !demand->fits(demand, above)) {
        above++;
    }
    if (above <= demand->whole) {
        snprintf(text, HINT_SIZE, "%lld or %lld", (long long)below, (long long)above);
    } else {
        snprintf(text, HINT_SIZE, "%lld", (long long)below);
    }
    return text;
}

static bool check_divides(const char *key, int64_t degree, int64_t whole, const char *what,
                          struct error *error)
{
    struct demand demand = {.whole = whole, .factor = 1, .fits = divides};
    char text[HINT_SIZE];
    if (divides(&demand, degree)) {
        return true;
    }
    return error_fill(error, ERROR_INFEASIBLE,
                      "plan.%s is %lld, which does not divide the %lld %s; use %s", key,
                      (long long)degree, (long long)whole, what, hint(&demand, degree, text));
}

/* With more chips than KV heads each head is held by several chips. */
static bool kv_heads_fit(const struct demand *demand, int64_t degree)
{
    int64_t kv_heads = demand->model->kv_heads;
    return divides(demand, degree) && (kv_heads % degree == 0 || degree % kv_heads == 0);
}

static bool check_kv_heads(const struct plan *plan, const struct model *model,
                           struct error *error)
{
    struct demand demand = {
        .model = model, .whole = model->heads, .factor = 1, .fits = kv_heads_fit};
    char text[HINT_SIZE];
    if (kv_heads_fit(&demand, plan->tensor_parallel)) {
        return true;
    }
    return error_fill(
        error, ERROR_INFEASIBLE,
        "plan.tensor_parallel is %lld, which neither divides the %lld KV heads of "
        "%s nor is a multiple of them; use %s",
        (long long)plan->tensor_parallel, (long long)model->kv_heads, model->name,
        hint(&demand, plan->tensor_parallel, text));
}

static bool check_tensor(const struct plan *plan, const struct model *model,
                         struct error *error)
{
    int64_t degree = plan->tensor_parallel;
    bool sliced = model->expert_count > 0 && plan->expert_parallel == 1;
    return check_divides("tensor_parallel", degree, model->heads, "attention heads", error) &&
           check_kv_heads(plan, model, error) &&
           check_divides("tensor_parallel", degree, model->ffn_hidden, "columns of the MLP",
                         error) &&
           (!sliced || check_divides("tensor_parallel", degree, model->expert_ffn_hidden,
                                     "columns of an expert", error));
}

static bool check_sequence(const struct plan *plan, int64_t sequence_tokens,
                           struct error *error)
{
    if (!check_divides("context_parallel", plan->context_parallel, sequence_tokens,
                       "tokens of a sequence", error)) {
        return false;
    }
    return !plan->sequence_parallel ||
           check_divides("tensor_parallel", plan->tensor_parallel,
                         sequence_tokens / plan->context_parallel,
                         "tokens of a sequence on one chip (sequence_parallel is on)", error);
}

static bool layers_fit(const struct demand *demand, int64_t degree)
{
    int64_t stages = degree * demand->factor;
    int64_t layers = demand->model->layers + demand->model->prediction_layers;
    if (demand->uneven && stages <= layers) {
        return true;
    }
    return layers % stages == 0 ||
           (stages > 2 && ((layers + 1) % stages == 0 || (layers + 2) % stages == 0));
}

static bool check_layers(const struct plan *plan, const struct model *model,
                         struct error *error)
{
    struct demand demand = {.model = model,
                            .whole = model->layers,
                            .factor = plan->virtual_stages,
                            .fits = layers_fit,
                            .uneven = plan->uneven_stages};
    char text[HINT_SIZE];
    if (layers_fit(&demand, plan->pipeline_parallel)) {
        return true;
    }
    return error_fill(
        error, ERROR_INFEASIBLE,
        "plan.pipeline_parallel %lld x virtual_stages %lld does not divide the %lld layers of "
        "%s, nor with one layer less in the first and last stage; use pipeline_parallel %s, "
        "other virtual_stages, or uneven_stages: true",
        (long long)plan->pipeline_parallel, (long long)plan->virtual_stages,
        (long long)model->layers, model->name, hint(&demand, plan->pipeline_parallel, text));
}

/* A pipeline depth that suits both chips and layers. */
static bool depth_fits(const struct demand *demand, int64_t degree)
{
    struct demand layers = *demand;
    layers.factor = 1;
    return divides(demand, degree) && layers_fit(&layers, degree);
}

static bool check_chips(const struct plan *plan, const struct model *model, int64_t chips,
                        struct error *error)
{
    int64_t plane = plan->tensor_parallel * plan->context_parallel;
    int64_t replica = plane * plan->pipeline_parallel;
    if (chips % replica == 0) {
        return true;
    }
    struct demand demand = {
        .model = model, .whole = chips, .factor = plane, .fits = depth_fits};
    char text[HINT_SIZE], other[HINT_SIZE + 40] = "";
    if (chips % plane == 0) {
        snprintf(other, sizeof other, ", or pipeline_parallel %s",
                 hint(&demand, plan->pipeline_parallel, text));
    }
    return error_fill(error, ERROR_INFEASIBLE,
                      "tensor_parallel %lld x pipeline_parallel %lld x context_parallel %lld = "
                      "%lld does not divide the %lld chips; use a multiple of %lld chips%s",
                      (long long)plan->tensor_parallel, (long long)plan->pipeline_parallel,
                      (long long)plan->context_parallel, (long long)replica, (long long)chips,
                      (long long)replica, other);
}

static bool check_experts(const struct plan *plan, const struct model *model, int64_t chips,
                          struct error *error)
{
    if (plan->expert_parallel == 1) {
        return true;
    }
    if (model->expert_count == 0) {
        return error_fill(error, ERROR_INFEASIBLE,
                          "plan.expert_parallel is %lld, but %s has no experts; use 1",
                          (long long)plan->expert_parallel, model->name);
    }
    if (plan->tensor_parallel > 1 && !plan->sequence_parallel) {
        return error_fill(error, ERROR_INFEASIBLE,
                          "plan.expert_parallel %lld with tensor_parallel %lld needs "
                          "sequence_parallel, which is off; use sequence_parallel: true",
                          (long long)plan->expert_parallel, (long long)plan->tensor_parallel);
    }
    int64_t sharing = plan->expert_tensor_parallel;
    if (sharing != 1 && sharing != plan->tensor_parallel) {
        return error_fill(
            error, ERROR_INFEASIBLE,
            "plan.expert_tensor_parallel is %lld; each expert is held whole (1) or "
            "shared like the other matrices (tensor_parallel, %lld)",
            (long long)sharing, (long long)plan->tensor_parallel);
    }
    return check_divides("expert_parallel", plan->expert_parallel, model->expert_count,
                         "experts", error) &&
           check_divides("expert_tensor_parallel", sharing, model->expert_ffn_hidden,
                         "columns of an expert", error) &&
           check_divides("expert_parallel", plan->expert_parallel,
                         chips / plan->pipeline_parallel / sharing,
                         sharing > 1 ? "groups of chips of a pipeline stage that share experts"
                                     : "chips of a pipeline stage",
                         error);
}

static bool check_shards(const struct plan *plan, struct error *error)
{
    int64_t ranks = plan->data_parallel * plan->context_parallel;
    if (plan_shards(plan) == ranks) {
        return true;
    }
    if (plan->expert_parallel > 1) {
        return error_fill(
            error, ERROR_INFEASIBLE,
            "plan.shard_chips %lld divides states over a part of the replicas, which "
            "is not modelled with expert_parallel; use shard_chips: 0",
            (long long)plan->shard_chips);
    }
    return check_divides("shard_chips", plan->shard_chips, ranks,
                         "data- and context-parallel ranks", error);
}

static int64_t divided_up(int64_t whole, int64_t part)
{
    return whole / part + (whole % part != 0);
}

bool plan_derive(struct plan *plan, const struct model *model, int64_t chips,
                 int64_t sequence_tokens, int64_t batch_tokens, struct error *error)
{
    if (!check_tensor(plan, model, error) || !check_sequence(plan, sequence_tokens, error) ||
        !check_layers(plan, model, error) || !check_chips(plan, model, chips, error) ||
        !check_experts(plan, model, chips, error)) {
        return false;
    }
    plan->data_parallel =
        chips / (plan->tensor_parallel * plan->pipeline_parallel * plan->context_parallel);
    /* MODEL.md, "Batch rounding" */
    int64_t sequences = divided_up(batch_tokens, sequence_tokens);
    int64_t wave = plan->data_parallel * plan->micro_batch;
    plan->micro_batches = divided_up(sequences, wave);
    plan->batch_sequences = plan->micro_batches * wave;
    plan->frozen_weights = plan->frozen_weights || plan->adapter_rank > 0;
    return check_shards(plan, error);
}
