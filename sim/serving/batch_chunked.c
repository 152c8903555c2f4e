/* SPDX-License-Identifier: Apache-2.0 */
/* Continuous batching with chunked prefill, as in vLLM 1 and Sarathi: every running request
 * gets its token first, prompts share what is left of the budget. After a pre-emption nothing
 * new is admitted in the same step. */
#include "serving/batch_policy.h"

static void compose(struct serving_engine *engine, struct replica *replica, double now_s)
{
    replica_make_room(engine, replica);
    replica->decodes = replica->decode_count > 0;
    int64_t budget = engine->scenario->max_num_batched_tokens - replica->decode_count;
    replica_continue_prefills(engine, replica, &budget);
    if (!replica->preempted) {
        replica_admit(engine, replica, &budget, false, now_s);
    }
}

const struct batch_policy batch_chunked = {.name = "chunked", .compose = compose};
