/* SPDX-License-Identifier: Apache-2.0 */
/* What a schedule costs alone on the machine, by protocol. The paths are walked once; each
 * protocol is then a sum. MODEL.md, "Protocols". */
#pragma once

#include "collective/collective.h"

/* The ways that a phase's transfers take: inside a domain [0] and between domains [1]. */
struct cost_ways {
    double latency_s[2]; /* of the longest */
    double rate_Bps[2];  /* of the slowest link on any */
    double bytes[2];     /* of the largest transfer in one round */
    bool used[2];
};

/* Of a phase: its ways, and the time of its bytes by the fluid model. */
void cost_ways(const struct collective *collective, const struct phase *phase,
               struct cost_ways *ways);
double cost_bytes_s(const struct collective *collective, const struct phase *phase,
                    struct arena *arena);

/* Protocols that a schedule can use: 1 at least. */
int64_t cost_protocol_count(const struct collective *collective,
                            const struct schedule *schedule);

/* Whether the library uses the protocol for the operation. */
bool cost_protocol_serves(const struct collective *collective, const struct schedule *schedule,
                          int64_t index);

/* Whether a list of words with commas between has one; a list that is NULL has all. */
bool cost_word_in(const char *list, const char *word);

/* Time of copies inside a chip's memory that its library makes, once in a collective.
 * MODEL.md, "Protocols". */
double cost_copy_s(const struct collective *collective);

/* What a round of the phase costs beside its bytes by a protocol. */
double cost_round_s(const struct collective *collective, const struct schedule *schedule,
                    const struct phase *phase, const struct cost_ways *ways, int64_t protocol);

/* Payload over bytes on the links by a protocol. */
double cost_efficiency(const struct collective *collective, const struct schedule *schedule,
                       int64_t protocol);

/* Makes the schedule one of this protocol: bytes as on the links, costs of rounds. */
void cost_settle(const struct collective *collective, struct schedule *schedule,
                 int64_t protocol);
