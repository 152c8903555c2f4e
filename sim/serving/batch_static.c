/* SPDX-License-Identifier: Apache-2.0 */
/* A batch is filled from the queue when the one before has ended, prefilled, and decoded until
 * its longest request has ended; slots of ended requests are computed all the same. */
#include "serving/batch_policy.h"

static void compose(struct serving_engine *engine, struct replica *replica, double now_s)
{
    int64_t budget = engine->scenario->max_num_batched_tokens;
    if (replica->running_count == 0) {
        int64_t all = INT64_MAX / 2;
        replica->static_count = 0;
        replica_admit(engine, replica, &all, true, now_s);
        replica->static_count = replica->running_count;
        for (int64_t i = 0; i < replica->prefill_count; i++) {
            struct request *request = request_at(engine->pool, replica->prefills[i]);
            request->chunk = 0; /* dealt out below, step by step */
        }
    } else if (replica->queue.count > 0) {
        replica->waits = WAIT_BATCH;
    }
    replica->decodes = false;
    replica_continue_prefills(engine, replica, &budget);
    if (replica->prefill_count == 0) {
        replica_make_room(engine, replica);
        replica->decodes = replica->decode_count > 0;
    }
}

const struct batch_policy batch_static = {.name = "static", .compose = compose};
