/* SPDX-License-Identifier: Apache-2.0 */
/* FlashAttention-like kernels: a block of queries stays on a unit and tiles of keys pass by,
 * those hidden by the causal mask or the window are skipped. Decoding has one query per
 * sequence: its time is its memory traffic and a fixed cost per block. MODEL.md, "Attention
 * kernels". */
#include "hardware/attention_kernel.h"

#include <math.h>
#include <string.h>

/* Of published FlashAttention kernels; rows of a cache are written by blocks of 128 threads, of
 * which a unit holds 16. */
enum { QUERY_BLOCK = 128, KEY_TILE = 64, ROW_BLOCKS = 16 };
/* A block's queries come and its results go in the time of one more tile of keys; tables of
 * engines' calls, with their launches, do not show it. */
enum { FILL_KEYS = KEY_TILE };
enum { FORWARD_PRODUCTS = 2, BACKWARD_PRODUCTS = 5 };

/* Keys that block number index of queries passes, in whole tiles. */
static double block_keys(const struct attention_shape *shape, double index)
{
    double first = index * QUERY_BLOCK, past = fmin(first + QUERY_BLOCK, shape->queries);
    double last_key = shape->prefix + (shape->causal ? past : shape->queries);
    double first_key = shape->window > 0 ? fmax(0, first + shape->prefix - shape->window) : 0;
    double tiles = ceil(last_key / KEY_TILE) - floor(first_key / KEY_TILE);
    return tiles * KEY_TILE + (shape->cached ? 0 : FILL_KEYS);
}

static double block_count(const struct attention_shape *shape)
{
    return ceil(shape->queries / QUERY_BLOCK);
}

/* Of all blocks of one head. */
static double keys_passed(const struct attention_shape *shape)
{
    double keys = 0;
    for (double i = 0; i < block_count(shape); i++) {
        keys += block_keys(shape, i);
    }
    return keys;
}

double attention_kernel_pairs(const struct attention_shape *shape)
{
    return keys_passed(shape) * QUERY_BLOCK;
}

/* A byte-wide key and value on one unit: values are turned round in on-chip memory before their
 * product, in tiles that get shorter as heads get wider. */
static double turn_s(const struct chip *chip, const struct attention_shape *shape)
{
    double width = shape->head_dim / QUERY_BLOCK;
    return shape->narrow_cache ? chip->attention_turn_s * width * width : 0;
}

/* One key against a block of queries on one unit: both products and the softmax; turning goes
 * on beside them. */
static double key_s(const struct chip *chip, const struct work *work)
{
    double unit_flops_per_s = chip->array_flops_per_s[work->dtype] *
                              chip->attention_efficiency_fraction / chip->unit_count;
    double products_s = FORWARD_PRODUCTS * 2 * work->attention.head_dim / unit_flops_per_s;
    return fmax(QUERY_BLOCK * (products_s + chip->attention_score_s),
                turn_s(chip, &work->attention));
}

/* Units take blocks as they become free, long ones first: the total over all units, at least
 * the longest block, and about a third of it idle at the end. */
static double forward_s(const struct chip *chip, const struct work *work)
{
    const struct attention_shape *shape = &work->attention;
    double one_s = key_s(chip, work);
    double all_s = shape->sequences * shape->heads * keys_passed(shape) * one_s;
    double longest_s = block_keys(shape, block_count(shape) - 1) * one_s;
    return fmax(all_s / chip->unit_count, longest_s) + longest_s / 3;
}

/* A block per sequence and KV head; wider heads need more registers and fewer fit at a time. */
static double decode_s(const struct chip *chip, const struct attention_shape *shape)
{
    double blocks = shape->sequences * shape->kv_heads / chip->unit_count;
    return blocks * chip->attention_block_s * sqrt(shape->head_dim / QUERY_BLOCK);
}

double attention_kernel_time_s(const struct chip *chip, const struct work *work)
{
    const struct attention_shape *shape = &work->attention;
    double rate_flops_per_s =
        chip->array_flops_per_s[work->dtype] * chip->attention_efficiency_fraction;
    if (!(shape->heads > 0)) {
        return work->flops > 0 ? work->flops / rate_flops_per_s : 0;
    }
    if (!(rate_flops_per_s > 0)) {
        return INFINITY;
    }
    if (shape->queries <= 1) {
        return decode_s(chip, shape);
    }
    double by_flops = (double)BACKWARD_PRODUCTS / FORWARD_PRODUCTS;
    double backward = chip->attention_backward > 0 ? chip->attention_backward : by_flops;
    return forward_s(chip, work) * (shape->backward ? backward : 1);
}

/* One key and KV head against the queries of one step: a GPU's block is as slow as a full one
 * when its elements are narrow, and else waits for memory; an array's step costs its least
 * number of columns. */
static double decode_key_s(const struct chip *chip, const struct work *work)
{
    if (strcmp(chip->family, "gpu") == 0) {
        return work->attention.narrow_cache ? key_s(chip, work) : 0;
    }
    double least = chip->tile_issue > 0 ? fmin(chip->tile_issue, QUERY_BLOCK) : QUERY_BLOCK;
    return key_s(chip, work) * least / QUERY_BLOCK;
}

static double keys_cached(const struct attention_shape *shape)
{
    double keys = shape->prefix + shape->queries;
    bool cut = shape->window > 0 && shape->queries <= 1;
    return ceil((cut ? fmin(keys, shape->window) : keys) / KEY_TILE) * KEY_TILE;
}

double attention_kernel_cache_s(const struct chip *chip, const struct work *work)
{
    const struct attention_shape *shape = &work->attention;
    bool whole = shape->queries > 1;
    bool own = whole && chip->attention_memory_fraction > 0;
    double bytes_s = work->bytes / (chip->hbm_Bps * (own ? chip->attention_memory_fraction
                                                         : chip->hbm_efficiency_fraction));
    double per_unit = shape->sequences / chip->unit_count;
    if (whole) {
        double row_s = chip->attention_block_s / ROW_BLOCKS;
        return bytes_s + per_unit * shape->queries * row_s;
    }
    double keys = per_unit * shape->kv_heads * keys_cached(shape);
    return fmax(bytes_s, keys * decode_key_s(chip, work));
}

/* Reads of keys and values by blocks of other heads and queries are served by the cache on
 * chip: once from HBM. */
double attention_kernel_bytes(const struct attention_shape *shape, double query_bytes,
                              double kv_bytes)
{
    double rows = shape->sequences * shape->queries * shape->head_dim;
    double cached = shape->sequences * keys_cached(shape) * shape->head_dim;
    double read =
        2 * rows * shape->heads * query_bytes + 2 * cached * shape->kv_heads * kv_bytes;
    double written = 2 * rows * shape->kv_heads * (query_bytes + kv_bytes);
    double converted =
        kv_bytes < query_bytes ? rows * shape->heads * (query_bytes + kv_bytes) : 0;
    return read + converted + (shape->cached && shape->queries > 1 ? written : 0);
}
