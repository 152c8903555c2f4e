/* SPDX-License-Identifier: Apache-2.0 */
/* Continuous batching as in vLLM 0: whole prompts as soon as there is room, in steps of their
 * own; the running requests decode when no prompt can be admitted. */
#include "serving/batch_policy.h"

static void compose(struct serving_engine *engine, struct replica *replica, double now_s)
{
    int64_t budget = engine->scenario->max_num_batched_tokens;
    replica->decodes = false;
    replica_continue_prefills(engine, replica, &budget);
    replica_admit(engine, replica, &budget, true, now_s);
    if (replica->prefill_count == 0 && replica->decode_count > 0) {
        replica_make_room(engine, replica);
        replica->decodes = replica->decode_count > 0;
    }
}

const struct batch_policy batch_prefill_first = {.name = "prefill-first", .compose = compose};
