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

/* Members in a row in one domain are a block, of which there may be unequal ones: a group that
 * fills some domains and parts of others. */
struct uneven {
    int64_t *start; /* [count + 1]: position of a block's first member */
    int64_t count, largest;
    bool equal;
};

static void find_uneven(const struct collective *collective, struct uneven *uneven)
{
    int64_t size = collective->platform->chip_count, first = 0;
    uneven->count = uneven->largest = 0;
    uneven->equal = true;
    for (int64_t i = 1; i <= collective->count; i++) {
        if (i < collective->count &&
            collective->chips[i] / size == collective->chips[first] / size) {
            continue;
        }
        if (uneven->start != NULL) {
            uneven->start[uneven->count] = first;
            uneven->start[uneven->count + 1] = i;
        }
        uneven->equal &= uneven->count == 0 || i - first == uneven->largest;
        uneven->largest = i - first > uneven->largest ? i - first : uneven->largest;
        uneven->count++;
        first = i;
    }
}

/* More blocks than half the members are no hierarchy. */
static bool worth_while(const struct collective *collective, const struct uneven *uneven)
{
    return !uneven->equal && uneven->count > 1 && uneven->count <= collective->count / 2;
}

static int64_t hierarchical_variants(const struct collective *collective)
{
    struct blocks blocks = {0};
    struct uneven uneven = {0};
    if (collective->operation > COLLECTIVE_ALL_GATHER) {
        return 0;
    }
    find_uneven(collective, &uneven);
    return find_variant(collective->count, INT64_MAX, &blocks) +
           (worth_while(collective, &uneven) ? 1 : 0);
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

/* As many shares as the largest block has members; those of a smaller one hold several. A ring
 * of fewer members moves less in a round, so that all end together. */
static void inside_uneven(const struct uneven *uneven, double bytes, struct schedule *schedule)
{
    int64_t largest = uneven->largest;
    struct phase *phase = collective_phase(schedule, largest - 1);
    for (int64_t block = 0; block < uneven->count; block++) {
        int64_t first = uneven->start[block], size = uneven->start[block + 1] - first;
        int64_t shares = (largest + size - 1) / size;
        double round_bytes = bytes * (double)shares / (double)largest * (double)(size - 1) /
                             (double)(largest - 1);
        for (int64_t place = 0; place < size && size > 1; place++) {
            collective_transfer(schedule, phase, first + place, first + (place + 1) % size,
                                round_bytes);
        }
    }
}

static int64_t holder(const struct uneven *uneven, int64_t block, int64_t share)
{
    int64_t first = uneven->start[block], size = uneven->start[block + 1] - first;
    return first + share * size / uneven->largest;
}

/* For each share a ring through its holders. */
static void between_uneven(const struct uneven *uneven, double bytes, int64_t passes,
                           struct schedule *schedule)
{
    struct phase *phase = collective_phase(schedule, passes * (uneven->count - 1));
    double round_bytes = bytes / (double)uneven->largest / (double)uneven->count;
    for (int64_t share = 0; share < uneven->largest; share++) {
        for (int64_t block = 0; block < uneven->count; block++) {
            collective_transfer(schedule, phase, holder(uneven, block, share),
                                holder(uneven, (block + 1) % uneven->count, share),
                                round_bytes);
        }
    }
}

static void uneven_plan(const struct collective *collective, struct schedule *schedule)
{
    int64_t passes = collective->operation == COLLECTIVE_ALL_REDUCE ? 2 : 1;
    struct uneven uneven = {
        .start = arena_array(schedule->arena, collective->count + 1, sizeof(int64_t))};
    find_uneven(collective, &uneven);
    if (collective->operation != COLLECTIVE_ALL_GATHER) {
        inside_uneven(&uneven, collective->bytes, schedule);
    }
    between_uneven(&uneven, collective->bytes, passes, schedule);
    if (collective->operation != COLLECTIVE_REDUCE_SCATTER) {
        inside_uneven(&uneven, collective->bytes, schedule);
    }
}

static void hierarchical_plan(const struct collective *collective, int64_t variant,
                              struct schedule *schedule)
{
    struct blocks blocks = {0};
    if (variant >= find_variant(collective->count, variant, &blocks)) {
        uneven_plan(collective, schedule);
        return;
    }
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
