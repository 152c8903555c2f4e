/* SPDX-License-Identifier: Apache-2.0 */
/* Hierarchical: the group is cut into blocks of consecutive chips (a sled, a rack, a domain);
 * reduce-scatter inside blocks, exchange between the blocks' chips of equal place, all-gather
 * inside. Rings on both levels. In a mirrored variant every other block counts backwards, as on
 * a ring of chips that turns back. MODEL.md, "Hierarchical". */
#include "collective/collective.h"

struct blocks {
    int64_t size, count;
    bool mirrored;
};

/* Larger groups try only the block sizes of whole domains and their divisors up to this. */
enum { BLOCK_MAX = 1024 };

/* The variant-th block layout; counts all when variant is past the end. */
static int64_t find_variant(int64_t group, int64_t variant, struct blocks *blocks)
{
    int64_t found = 0;
    for (int64_t size = 2; size < group && size <= BLOCK_MAX; size++) {
        if (group % size != 0) {
            continue;
        }
        if (variant / 2 == found / 2 && variant >= found) {
            *blocks = (struct blocks){size, group / size, variant % 2 == 1};
        }
        found += 2;
    }
    return found;
}

static int64_t hierarchical_variants(const struct collective *collective)
{
    struct blocks blocks = {0};
    return collective->operation <= COLLECTIVE_ALL_GATHER
               ? find_variant(collective->count, INT64_MAX, &blocks)
               : 0;
}

static int64_t position(const struct blocks *blocks, int64_t block, int64_t place)
{
    bool backwards = blocks->mirrored && block % 2 == 1;
    return block * blocks->size + (backwards ? blocks->size - 1 - place : place);
}

/* Rings inside all blocks: bytes is the whole buffer of one chip. */
static void inside(const struct blocks *blocks, double bytes, struct schedule *schedule)
{
    struct phase *phase = collective_phase(schedule, blocks->size - 1);
    for (int64_t block = 0; block < blocks->count; block++) {
        for (int64_t place = 0; place < blocks->size; place++) {
            collective_transfer(schedule, phase, position(blocks, block, place),
                                position(blocks, block, (place + 1) % blocks->size),
                                bytes / (double)blocks->size);
        }
    }
}

/* Rings through the blocks' chips of equal place, over what one block's chip holds. */
static void between(const struct blocks *blocks, double bytes, int64_t passes,
                    struct schedule *schedule)
{
    struct phase *phase = collective_phase(schedule, passes * (blocks->count - 1));
    double share = bytes / (double)blocks->size / (double)blocks->count;
    for (int64_t place = 0; place < blocks->size; place++) {
        for (int64_t block = 0; block < blocks->count; block++) {
            collective_transfer(schedule, phase, position(blocks, block, place),
                                position(blocks, (block + 1) % blocks->count, place), share);
        }
    }
}

static void hierarchical_plan(const struct collective *collective, int64_t variant,
                              struct schedule *schedule)
{
    struct blocks blocks = {0};
    find_variant(collective->count, variant, &blocks);
    if (collective->operation != COLLECTIVE_ALL_GATHER) {
        inside(&blocks, collective->bytes, schedule);
    }
    between(&blocks, collective->bytes, collective->operation == COLLECTIVE_ALL_REDUCE ? 2 : 1,
            schedule);
    if (collective->operation != COLLECTIVE_REDUCE_SCATTER) {
        inside(&blocks, collective->bytes, schedule);
    }
}

const struct collective_algorithm collective_hierarchical = {
    "hierarchical", hierarchical_variants, hierarchical_plan};
