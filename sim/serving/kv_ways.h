/* SPDX-License-Identifier: Apache-2.0 */
/* The ways of keys and values between the chips of two replicas, over the links of the
 * platform: each chip of the larger group has one flow to or from its counterpart.
 * MODEL.md, "Serving: transfers" */
#pragma once

#include "hardware/platform.h"
#include "serving/transfers.h"

struct kv_end { /* the chips of a replica */
    const struct platform *platform;
    int64_t first_chip, chips;
};

struct kv_ways {
    struct transfers *transfers;
    struct known_link *known; /* open addressing: links of platforms that are in use */
    int64_t slot_count, known_count;
    struct link_use *crossings; /* of the way made last */
    int64_t crossing_capacity;
    int32_t *seen; /* [links]: place in crossings + 1 */
    int64_t seen_capacity;
    struct arena *arena;
};

void kv_ways_init(struct kv_ways *ways, struct transfers *transfers, struct arena *arena);

/* Valid until the next call. Between platforms it leads over both networks' NICs; what joins
 * the networks is taken to be wide enough. */
struct transfer_way kv_ways_between(struct kv_ways *ways, const struct kv_end *from,
                                    const struct kv_end *to);

/* Whether there is a way from a platform to another. INFEASIBLE when not. */
bool kv_ways_check(const struct platform *from, const struct platform *to, struct error *error);
