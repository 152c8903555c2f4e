/* SPDX-License-Identifier: Apache-2.0 */
/* The generator is xoshiro256** and its state comes from SplitMix64, both published as
 * algorithms by Blackman and Vigna ("Scrambled linear pseudorandom number generators", 2021). A
 * stream's name goes into the seed by FNV-1a, so streams of one seed are independent of each
 * other. */
#include "base/random.h"

#include <assert.h>
#include <math.h>

static uint64_t name_hash(const char *name)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *name != '\0'; name++) {
        hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
    }
    return hash;
}

static uint64_t split_mix(uint64_t *state)
{
    uint64_t mixed = *state += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

void random_init(struct random_stream *stream, uint64_t seed, const char *name)
{
    uint64_t state = seed;
    state =
        split_mix(&state) ^ name_hash(name); /* mixed first: seed and name must not cancel */
    for (int i = 0; i < 4; i++) {
        stream->state[i] = split_mix(&state);
    }
}

static uint64_t rotate(uint64_t bits, int count)
{
    return bits << count | bits >> (64 - count);
}

uint64_t random_bits(struct random_stream *stream)
{
    uint64_t *state = stream->state;
    uint64_t result = rotate(state[1] * 5, 7) * 9;
    uint64_t shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotate(state[3], 45);
    return result;
}

double random_uniform(struct random_stream *stream)
{
    return (double)(random_bits(stream) >> 11) * 0x1p-53;
}

int64_t random_below(struct random_stream *stream, int64_t bound)
{
    assert(bound > 0);
    uint64_t range = (uint64_t)bound;
    uint64_t uneven = (0 - range) % range; /* 2^64 mod range: that many draws are thrown away */
    uint64_t bits = random_bits(stream);
    while (bits < uneven) {
        bits = random_bits(stream);
    }
    return (int64_t)(bits % range);
}

double random_exponential(struct random_stream *stream, double mean)
{
    return -mean * log1p(-random_uniform(stream));
}

/* Box and Muller's transform; the second number of the pair is dropped to keep the state small.
 */
double random_normal(struct random_stream *stream, double mean, double deviation)
{
    double radius = sqrt(-2 * log1p(-random_uniform(stream)));
    double angle = 6.28318530717958647692 * random_uniform(stream);
    return mean + deviation * radius * cos(angle);
}

/* Marsaglia and Tsang's method: a squeezed cube of a normal variable. */
double random_gamma(struct random_stream *stream, double shape)
{
    double boost = 1;
    if (shape < 1) {
        boost = pow(1 - random_uniform(stream), 1 / shape);
        shape += 1;
    }
    double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        double x = random_normal(stream, 0, 1), v = 1 + c * x;
        v = v * v * v;
        if (v > 0 && log(1 - random_uniform(stream)) < x * x / 2 + d - d * v + d * log(v)) {
            return d * v * boost;
        }
    }
}
