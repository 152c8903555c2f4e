/* SPDX-License-Identifier: Apache-2.0 */
#include "program/overlap.h"

#include <stdbool.h>

static bool is_matmul(const struct operation *operation)
{
    return operation->work.kind == WORK_MATMUL && operation->work.kernel_count > 0;
}

static void add(struct operation_list *out, const struct operation *operation)
{
    out->items[out->count++] = *operation;
}

/* The exchange of an operation as an item of its own. */
static void add_exchange(struct operation_list *out, const struct operation *operation,
                         bool beside)
{
    struct operation alone = *operation;
    alone.work = (struct work){.kind = WORK_VECTOR, .dtype = DTYPE_BF16};
    alone.beside_next = beside;
    add(out, &alone);
}

static bool waits(const struct operation *operation, enum exchange exchange)
{
    return operation->exchange == exchange && !operation->beside_next;
}

static bool accompanied(const struct operation_list *out)
{
    return out->count > 0 && out->items[out->count - 1].beside_next;
}

void overlap_tensor(const struct operation_list *in, struct operation_list *out)
{
    const struct operation *gather = NULL; /* its matmul is still to come */
    out->count = 0;
    for (int i = 0; i < in->count; i++) {
        struct operation operation = in->items[i];
        if (gather != NULL && (is_matmul(&operation) || operation.exchange != EXCHANGE_NONE)) {
            add_exchange(out, gather, is_matmul(&operation) && !accompanied(out));
            gather = NULL;
        }
        if (is_matmul(&operation) && waits(&operation, EXCHANGE_TENSOR_REDUCE_SCATTER) &&
            !accompanied(out)) {
            add_exchange(out, &operation, true);
            operation.exchange = EXCHANGE_NONE;
        } else if (waits(&operation, EXCHANGE_TENSOR_ALL_GATHER)) {
            gather = &in->items[i];
            operation.exchange = EXCHANGE_NONE;
        }
        if (operation.work.kernel_count > 0 || operation.exchange != EXCHANGE_NONE) {
            add(out, &operation);
        }
    }
    if (gather != NULL) {
        add_exchange(out, gather, false);
    }
}
