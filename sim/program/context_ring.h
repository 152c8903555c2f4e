/* SPDX-License-Identifier: Apache-2.0 */
/* Ring attention: every chip works on its queries against the keys and values that it holds,
 * while it passes them on and gets the next ones. MODEL.md, "Ring attention". */
#pragma once

#include "program/lowering.h"

/* Takes an operation's context exchange out of a list when the plan has a ring, and puts the
 * wait behind the attention core that it serves; false: the exchange is left as it is. */
bool context_ring_take(struct lowering *lowering, int32_t sequence,
                       const struct operation *operation);

/* What is left of passing bytes of keys, values (and gradients) round behind a core of core_s.
 */
double context_ring_wait_s(double bytes, double ranks, double rate_Bps, double core_s);
