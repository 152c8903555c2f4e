/* SPDX-License-Identifier: Apache-2.0 */
/* The group's positions are cut into blocks of a domain, these into groups of the first tier,
 * and so on; blocks of one level are parts of those of the next. */
#include "collective/distance.h"

/* Up to so many unequal parts each sends to each other part by a flow of its own. */
enum { PARTS_MAX = 8 };

struct distances {
    const struct collective *collective;
    struct schedule *schedule;
    struct phase *phase;
    double chip_bytes; /* from one chip to one other */
    int64_t rails;     /* most of any tier */
};

struct range { /* of positions */
    int64_t first, end;
};

static int64_t size_of(struct range range)
{
    return range.end - range.first;
}

/* The block of a level that a position lies in: 0 its domain, t a group of tier t; the last
 * tier joins all. */
static int64_t block_of(const struct collective *collective, int64_t level, int64_t position)
{
    const struct platform *platform = collective->platform;
    int64_t domain = collective->chips[position] / platform->chip_count;
    if (level == 0) {
        return domain;
    }
    return level == platform->tier_count ? 0 : domain / platform->tiers[level - 1].domains;
}

static struct range range_of(const struct collective *collective, int64_t level, int64_t first)
{
    struct range range = {first, first + 1};
    int64_t block = block_of(collective, level, first);
    while (range.end < collective->count && block_of(collective, level, range.end) == block) {
        range.end++;
    }
    return range;
}

static int64_t most_rails(const struct platform *platform)
{
    int64_t rails = 1;
    for (int64_t t = 0; t < platform->tier_count; t++) {
        rails = platform->tiers[t].rails > rails ? platform->tiers[t].rails : rails;
    }
    return rails;
}

int64_t distance_flows(const struct collective *collective)
{
    const struct platform *platform = collective->platform;
    int64_t flows = 0, tiers = platform->tier_count;
    for (int64_t i = 1; i < collective->count; i++) {
        if (collective->chips[i] / platform->chip_count <
            collective->chips[i - 1] / platform->chip_count) {
            return 0;
        }
    }
    for (struct range at = {0, 0}; at.end < collective->count && tiers > 0;) {
        at = range_of(collective, 0, at.end);
        flows += size_of(at) * (size_of(at) + 2 * PARTS_MAX + tiers * most_rails(platform));
    }
    return flows;
}

static void inside(const struct distances *distances, struct range domain)
{
    int64_t size = size_of(domain);
    for (int64_t shift = 1; shift < size; shift++) {
        for (int64_t i = 0; i < size; i++) {
            collective_transfer(distances->schedule, distances->phase, domain.first + i,
                                domain.first + (i + shift) % size, distances->chip_bytes);
        }
    }
}

/* To a chip, and as much to those after it in its domain, one on each rail. */
static void send(const struct distances *distances, int64_t from, int64_t to, double bytes)
{
    struct range domain = {to, to + 1};
    if (distances->rails > 1) {
        while (domain.first > 0 && block_of(distances->collective, 0, domain.first - 1) ==
                                       block_of(distances->collective, 0, to)) {
            domain.first--;
        }
        domain = range_of(distances->collective, 0, domain.first);
    }
    for (int64_t r = 0; r < distances->rails; r++) {
        int64_t place = domain.first + (to - domain.first + r) % size_of(domain);
        collective_transfer(distances->schedule, distances->phase, from, place,
                            bytes / (double)distances->rails);
    }
}

/* One part of a block to another: the senders' bytes are laid end to end over the receivers. */
static void part_to_part(const struct distances *distances, struct range from, struct range to)
{
    double senders = (double)size_of(from), receivers = (double)size_of(to);
    int64_t i = 0, j = 0;
    double at = 0; /* in bytes of one pair of chips, of all senders x receivers */
    while (i < size_of(from) && j < size_of(to)) {
        double sender_end = (double)(i + 1) * receivers;
        double receiver_end = (double)(j + 1) * senders;
        double end = sender_end < receiver_end ? sender_end : receiver_end;
        send(distances, from.first + i, to.first + j, (end - at) * distances->chip_bytes);
        i += sender_end <= end;
        j += receiver_end <= end;
        at = end;
    }
}

/* Many parts: each chip to the one as far on as the largest part is long, for all of them. */
static void shifted(const struct distances *distances, struct range block, struct range part,
                    int64_t shift)
{
    double bytes = (double)(size_of(block) - size_of(part)) * distances->chip_bytes;
    for (int64_t i = part.first; i < part.end; i++) {
        int64_t to = block.first + (i - block.first + shift) % size_of(block);
        send(distances, i, to, bytes);
    }
}

/* What the parts of a block send to each other. */
static void between(const struct distances *distances, int64_t level, struct range block)
{
    int64_t count = 0, largest = 0;
    bool equal = true;
    struct range parts[PARTS_MAX];
    for (struct range part = {0, block.first}; part.end < block.end; count++) {
        part = range_of(distances->collective, level - 1, part.end);
        equal &= count == 0 || size_of(part) == largest;
        largest = size_of(part) > largest ? size_of(part) : largest;
        if (count < PARTS_MAX) {
            parts[count] = part;
        }
    }
    if (!equal && count <= PARTS_MAX) {
        for (int64_t a = 0; a < count; a++) {
            for (int64_t b = 1; b < count; b++) {
                part_to_part(distances, parts[a], parts[(a + b) % count]);
            }
        }
        return;
    }
    for (struct range part = {0, block.first}; count > 1 && part.end < block.end;) {
        part = range_of(distances->collective, level - 1, part.end);
        shifted(distances, block, part, largest);
    }
}

void distance_plan(const struct collective *collective, struct schedule *schedule)
{
    struct distances distances = {.collective = collective,
                                  .schedule = schedule,
                                  .phase = collective_phase(schedule, 1),
                                  .chip_bytes = collective->bytes / (double)collective->count,
                                  .rails = most_rails(collective->platform)};
    for (int64_t level = 0; level <= collective->platform->tier_count; level++) {
        for (struct range at = {0, 0}; at.end < collective->count;) {
            at = range_of(collective, level, at.end);
            if (level == 0) {
                inside(&distances, at);
            } else {
                between(&distances, level, at);
            }
        }
    }
}
