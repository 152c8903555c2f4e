/* SPDX-License-Identifier: Apache-2.0 */
/* Independent seeded streams of random numbers by name (arrivals, lengths, faults), so that one
 * more draw in one stream moves no other. xoshiro256**, seeded by SplitMix64 over seed and
 * name. */
#pragma once

#include <stdint.h>

struct random_stream {
    uint64_t state[4];
};

void random_init(struct random_stream *stream, uint64_t seed, const char *name);
uint64_t random_bits(struct random_stream *stream);
double random_uniform(struct random_stream *stream);               /* in [0, 1) */
int64_t random_below(struct random_stream *stream, int64_t bound); /* in [0, bound) */
double random_exponential(struct random_stream *stream, double mean);
double random_normal(struct random_stream *stream, double mean, double deviation);
double random_gamma(struct random_stream *stream, double shape); /* scale 1: mean shape > 0 */
