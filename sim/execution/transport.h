/* SPDX-License-Identifier: Apache-2.0 */
/* Runs planned exchanges on the engine: stage by stage as flows (flow detail), or round by
 * round with both ends matched (message detail). MODEL.md, "Flow and message detail". */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "engine/engine.h"
#include "execution/watch.h"
#include "program/exchanges.h"

/* Folded: flow detail of the job's quotient. */
enum detail { DETAIL_MESSAGE, DETAIL_FLOW, DETAIL_FOLDED, DETAIL_COUNT };

struct transport;
typedef void transport_done(void *argument);

/* Called when a transfer begins (+1) or ends (-1) to move bytes over a pair that is cared for.
 */
typedef void transport_watch(void *argument, int32_t pair, int change);
typedef bool transport_cares(const void *argument, int32_t pair);

struct transport_options {
    enum detail detail;
    transport_watch *watch; /* of exchanges run with watched = true */
    transport_cares *cares; /* with it */
    void *watch_argument;
    const struct executor_watch *onlooker; /* who is told what moved; or NULL */
};

struct transport *transport_create(struct engine *engine, const struct job *job,
                                   const struct transport_options *options,
                                   struct arena *arena);

/* Runs an exchange from its start; then calls done(argument). */
void transport_run(struct transport *transport, const struct traffic *exchange, bool watched,
                   transport_done *done, void *argument);

/* Runs the rest of an exchange that has been running alone for elapsed_s (flow detail only). */
void transport_resume(struct transport *transport, const struct traffic *exchange,
                      double elapsed_s, transport_done *done, void *argument);

/* An exchange that ran alone in closed form: its bytes count as moved. */
void transport_count(struct transport *transport, const struct traffic *exchange,
                     double repeats);

/* An exchange was slept through from start to end: the onlooker is told of it. */
void transport_tell(const struct transport *transport, const struct traffic *exchange,
                    double start_s, double end_s);

/* Bytes moved so far over each pair, [pair_count]. */
const double *transport_pair_bytes(const struct transport *transport);
