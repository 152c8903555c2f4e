/* SPDX-License-Identifier: Apache-2.0 */
/* With expert parallelism a chip routes its own shard of the tokens to experts elsewhere, each
 * of which is whole or shared by expert_tensor_parallel chips; without it all chips of a
 * tensor-parallel group route the same tokens to slices of all experts, like a dense MLP. All
 * chips wait for the busiest one, so that one is described. MODEL.md, "Experts". */
#include "workload/mixture.h"

#include "workload/mlp.h"

enum { ELEMENT_BYTES = 2 }; /* bf16 */

static bool dispatched(const struct training_shape *shape)
{
    return shape->plan->expert_parallel > 1;
}

double mixture_own_tokens(const struct training_shape *shape)
{
    struct operation_sizes sizes = operation_sizes(shape);
    return dispatched(shape) ? sizes.shard_tokens : sizes.tokens;
}

/* Load of the busiest chip over the mean. With a capacity every expert's buffer is padded to
 * it.
 */
static double load(const struct plan *plan)
{
    if (plan->expert_capacity > 0) {
        return plan->expert_capacity;
    }
    return plan->expert_imbalance > 1 ? plan->expert_imbalance : 1;
}

double mixture_dropped_fraction(const struct plan *plan)
{
    bool full = plan->expert_capacity > 0 && plan->expert_capacity < 1;
    return full ? 1 - plan->expert_capacity : 0;
}

/* Pairs that a chip sends, or gets. */
static double sent_tokens(const struct training_shape *shape)
{
    return mixture_own_tokens(shape) * (double)shape->model->experts_per_token *
           load(shape->plan);
}

static double sharing(const struct training_shape *shape)
{
    return dispatched(shape) ? (double)plan_expert_tensor_parallel(shape->plan) : 1;
}

double mixture_routed_tokens(const struct training_shape *shape)
{
    return sent_tokens(shape) * sharing(shape);
}

double mixture_inner_elements(const struct training_shape *shape)
{
    struct operation_sizes sizes = operation_sizes(shape);
    return mixture_routed_tokens(shape) * (double)shape->model->expert_ffn_hidden /
               (double)plan_expert_tensor_parallel(shape->plan) +
           sizes.tokens * (double)shape->model->shared_ffn_hidden / sizes.tensor;
}

static struct mlp shared_mlp(const struct training_shape *shape)
{
    struct operation_sizes sizes = operation_sizes(shape);
    struct mlp mlp =
        mlp_of(shape, sizes.tokens, (double)shape->model->shared_ffn_hidden / sizes.tensor);
    mlp.up.forward = "shared expert up";
    mlp.up.data_gradient = "shared expert up data gradient";
    mlp.up.weight_gradient = "shared expert up weight gradient";
    mlp.down.forward = "shared expert down";
    mlp.down.data_gradient = "shared expert down data gradient";
    mlp.down.weight_gradient = "shared expert down weight gradient";
    return mlp;
}

static struct mlp expert_mlp(const struct training_shape *shape)
{
    const struct plan *plan = shape->plan;
    double local = (double)shape->model->expert_count / (double)plan->expert_parallel;
    struct mlp mlp = mlp_of(shape, mixture_routed_tokens(shape) / local,
                            (double)shape->model->expert_ffn_hidden /
                                (double)plan_expert_tensor_parallel(plan));
    mlp.up.batch_count = mlp.down.batch_count = local;
    mlp.up.gathers_input = mlp.down.gathers_gradient = false;
    mlp.fused = mlp.down.narrow_input = mlp.up.narrow_gradient = plan->fused_experts;
    mlp.up.forward = "experts up";
    mlp.up.data_gradient = "experts up data gradient";
    mlp.up.weight_gradient = "experts up weight gradient";
    mlp.down.forward = "experts down";
    mlp.down.data_gradient = "experts down data gradient";
    mlp.down.weight_gradient = "experts down weight gradient";
    return mlp;
}

static struct operation_linear router_linear(const struct training_shape *shape)
{
    return (struct operation_linear){.forward = "router",
                                     .data_gradient = "router data gradient",
                                     .weight_gradient = "router weight gradient",
                                     .dtype = DTYPE_BF16,
                                     .tokens = mixture_own_tokens(shape),
                                     .in = (double)shape->model->hidden,
                                     .out = (double)shape->model->expert_count,
                                     .batch_count = 1};
}

static double routed_bytes(const struct training_shape *shape)
{
    return sent_tokens(shape) * (double)shape->model->hidden * ELEMENT_BYTES;
}

static double own_bytes(const struct training_shape *shape)
{
    return mixture_own_tokens(shape) * (double)shape->model->hidden * ELEMENT_BYTES;
}

/* Tokens on their way to experts travel in the dispatch's dtype, results in bf16. FP8 has a
 * scale in fp32 for 128 elements (DeepSeek-V3, arXiv 2412.19437, section 3.3). */
static double dispatch_share(const struct training_shape *shape)
{
    enum dtype dtype = shape->plan->dispatch_dtype;
    double scales = dtype_bytes(dtype) < ELEMENT_BYTES ? 4.0 / 128 : 0;
    return (dtype_bytes(dtype) + scales) / ELEMENT_BYTES;
}

/* Chips that share an expert have its tokens together before it, and sum its results after. */
static void gather_pairs(const struct training_shape *shape, struct operation_list *list,
                         const char *name, double share)
{
    if (sharing(shape) > 1) {
        operation_exchange(list, name, EXCHANGE_EXPERT_ALL_GATHER,
                           routed_bytes(shape) * sharing(shape) * share);
    }
}

static void scatter_pairs(const struct training_shape *shape, struct operation_list *list,
                          const char *name)
{
    if (sharing(shape) > 1) {
        operation_exchange(list, name, EXCHANGE_EXPERT_REDUCE_SCATTER,
                           routed_bytes(shape) * sharing(shape));
    }
}

static void exchange_tokens(struct operation_list *list, const struct training_shape *shape,
                            double share)
{
    if (!dispatched(shape)) {
        return;
    }
    double bytes = routed_bytes(shape) * share;
    struct operation *last = &list->items[list->count - 1];
    if (last->exchange == EXCHANGE_NONE) {
        operation_attach(last, EXCHANGE_EXPERT_ALL_TO_ALL, bytes, false);
    } else {
        operation_exchange(list, "tokens back", EXCHANGE_EXPERT_ALL_TO_ALL, bytes);
    }
}

/* After the exchange tokens stand by sender; several experts on a chip need them by expert.
 * Kernels that merge the dispatch write them so. */
static void sort_by_expert(const struct training_shape *shape, struct operation_list *list,
                           const char *name)
{
    if (dispatched(shape) && !shape->plan->merged_dispatch &&
        shape->model->expert_count > shape->plan->expert_parallel) {
        operation_vector(list, name, 2 * routed_bytes(shape) * sharing(shape));
    }
}

/* The shared expert is cut over TP whatever the others are: with expert parallelism it has the
 * two ends of a tensor-parallel block of its own. */
static void shared_forward(const struct training_shape *shape, struct operation_list *list)
{
    if (shape->model->shared_ffn_hidden == 0) {
        return;
    }
    struct mlp mlp = shared_mlp(shape);
    if (dispatched(shape)) {
        operation_gather(list, shape, "shared expert gather", shape->plan->dtype);
    }
    struct operation *last = mlp_forward(shape, list, &mlp);
    if (dispatched(shape)) {
        operation_leave(last, shape);
    }
}

static void shared_backward(const struct training_shape *shape, struct operation_list *list)
{
    if (shape->model->shared_ffn_hidden == 0) {
        return;
    }
    struct mlp mlp = shared_mlp(shape);
    if (dispatched(shape)) {
        operation_gather(list, shape, "shared expert gradient gather", shape->plan->dtype);
    }
    mlp_backward_to_activation(shape, list, &mlp);
    if (dispatched(shape)) {
        operation_first_backward(list, shape, &mlp.up);
    } else {
        operation_data_gradient(list, shape, &mlp.up);
        operation_weight_gradient(list, &mlp.up, shape->plan->gradient_bytes);
    }
}

/* Router logits in fp32, read, normalised and written. */
static double top_k_bytes(const struct training_shape *shape)
{
    return mixture_own_tokens(shape) * (double)shape->model->expert_count *
           (ELEMENT_BYTES + 2 * 4);
}

/* Passes over elements of bf16 or fp32 that frameworks make in separate kernels where experts
 * have offsets or a clamped activation. Offsets, expert by expert: weighted in fp32, added,
 * joined, converted back; backward the same ways, and two sums. Clamps: both halves apart,
 * joined again; backward both masks, and the halves joined. MODEL.md, "Experts". */
enum {
    OFFSET_BYTES = 28,
    OFFSET_BACKWARD_BYTES = 40,
    CLAMP_BYTES = 16,
    CLAMP_BACKWARD_BYTES = 20
};

static void odd_experts(const struct training_shape *shape, struct operation_list *list,
                        bool backward)
{
    const struct model *model = shape->model;
    double pairs = mixture_routed_tokens(shape);
    double inner = pairs * (double)model->expert_ffn_hidden /
                   (double)plan_expert_tensor_parallel(shape->plan);
    if (shape->plan->fused_experts) {
        return;
    }
    if (model->clamped_experts) {
        operation_vector(list, backward ? "clamps backward" : "clamps",
                         inner * (backward ? CLAMP_BACKWARD_BYTES : CLAMP_BYTES));
    }
    if (model->biased_experts) {
        operation_vector(list, backward ? "expert offsets backward" : "expert offsets",
                         pairs * (double)model->hidden *
                             (backward ? OFFSET_BACKWARD_BYTES : OFFSET_BYTES));
    }
}

void mixture_recompute(const struct training_shape *shape, struct operation_list *list)
{
    const struct model *model = shape->model;
    if (model->clamped_experts && !shape->plan->fused_experts) {
        operation_vector(list, "clamps again",
                         mixture_routed_tokens(shape) * (double)model->expert_ffn_hidden /
                             (double)plan_expert_tensor_parallel(shape->plan) * CLAMP_BYTES);
    }
}

static void experts_forward(const struct training_shape *shape, struct operation_list *list)
{
    struct mlp experts = expert_mlp(shape);
    operation_vector(list, "dispatch", routed_bytes(shape) * (1 + dispatch_share(shape)));
    exchange_tokens(list, shape, dispatch_share(shape));
    gather_pairs(shape, list, "expert gather", dispatch_share(shape));
    sort_by_expert(shape, list, "sort by expert");
    mlp_forward(shape, list, &experts);
    odd_experts(shape, list, false);
    sort_by_expert(shape, list, "sort by sender");
    scatter_pairs(shape, list, "expert scatter");
    exchange_tokens(list, shape, 1);
    operation_vector(list, "combine", routed_bytes(shape) + own_bytes(shape));
}

void mixture_forward(const struct training_shape *shape, struct operation_list *list)
{
    struct operation_linear router = router_linear(shape);
    struct operation *norm =
        operation_vector(list, "mlp norm", operation_norm_bytes(shape, true));
    if (!dispatched(shape)) {
        operation_enter(norm, shape, DTYPE_BF16);
    }
    shared_forward(shape, list);
    operation_forward(list, shape, &router);
    operation_vector(list, "top-k", top_k_bytes(shape));
    experts_forward(shape, list);
    if (!dispatched(shape)) {
        operation_leave(&list->items[list->count - 1], shape);
    }
}

static void experts_backward(const struct training_shape *shape, struct operation_list *list)
{
    struct mlp experts = expert_mlp(shape);
    operation_vector(list, "combine backward", 2 * routed_bytes(shape) + own_bytes(shape));
    exchange_tokens(list, shape, dispatch_share(shape));
    gather_pairs(shape, list, "expert gradient gather", dispatch_share(shape));
    sort_by_expert(shape, list, "sort by expert, backward");
    odd_experts(shape, list, true);
    mlp_backward_to_activation(shape, list, &experts);
    operation_data_gradient(list, shape, &experts.up);
    operation_weight_gradient(list, &experts.up, shape->plan->gradient_bytes);
    sort_by_expert(shape, list, "sort by sender, backward");
    scatter_pairs(shape, list, "expert gradient scatter");
    exchange_tokens(list, shape, 1);
    operation_vector(list, "dispatch backward", routed_bytes(shape) + own_bytes(shape));
}

void mixture_backward(const struct training_shape *shape, struct operation_list *list)
{
    struct operation_linear router = router_linear(shape);
    if (!dispatched(shape)) {
        operation_gather(list, shape, "mlp gradient gather", DTYPE_BF16);
        operation_gather(list, shape, "input gather", DTYPE_BF16);
    }
    shared_backward(shape, list);
    experts_backward(shape, list);
    operation_vector(list, "top-k backward", top_k_bytes(shape));
    operation_weight_gradient(list, &router, shape->plan->gradient_bytes);
    struct operation *last = operation_data_gradient(list, shape, &router);
    if (!dispatched(shape)) {
        operation_leave(last, shape);
    }
    operation_vector(list, "mlp norm backward", operation_norm_bytes(shape, false));
}
