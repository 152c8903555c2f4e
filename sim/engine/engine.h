/* SPDX-License-Identifier: Apache-2.0 */
/* Simulated time: delays and transfers that call back when they are over. The only folder that
 * includes SimGrid; no SimGrid type leaks. Fair sharing without latency weights, see
 * engine_settings() and docs/MODEL.md, "Fair sharing". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "engine/wiring.h"

struct engine;

/* Called in simulated time when an activity is over; may start further ones. */
typedef void engine_done(void *argument);

/* Ends simulated time, so that it can start again. False when this SimGrid cannot: then it can
 * start once per process. Nothing may be under way. */
bool engine_end(void);

/* Whether simulated time was started and not ended. */
bool engine_started(void);

/* Starts simulated time on a network. Once, unless it is ended. NULL and a SYSTEM error when
 * the operating system refuses. The engine lives in the arena. */
struct engine *engine_start(const struct wiring *wiring, struct arena *arena,
                            struct error *error);

/* The engine that this process starts next writes SimGrid's own trace of its links, in the Paje
 * format, to path; its wires should then have names. Forked children do not write it. */
void engine_trace(const char *path);
bool engine_is_traced(void);

/* Calls done(argument) delay_s from now. */
void engine_after(struct engine *engine, double delay_s, engine_done *done, void *argument);

/* Moves bytes over the links of a pair, delay_s from now; then calls done(argument). */
void engine_transfer(struct engine *engine, double delay_s, int32_t pair, double bytes,
                     engine_done *done, void *argument);

struct engine_flow {
    int32_t pair;
    double bytes;
};

/* Starts count flows now (they are copied); calls done(argument) when the last of them is over.
 * Cheaper than as many transfers. */
void engine_transfers(struct engine *engine, const struct engine_flow *flows, int64_t count,
                      engine_done *done, void *argument);

/* Runs until nothing is under way. */
void engine_run(struct engine *engine);

double engine_now_s(const struct engine *engine);

/* How many delays and transfers were simulated so far. */
int64_t engine_activity_count(const struct engine *engine);
int64_t engine_transfer_count(const struct engine *engine);

/* The settings that decide whether results are right, for the provenance. */
const char *engine_settings(void);
const char *engine_version(void);
