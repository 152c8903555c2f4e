/* SPDX-License-Identifier: Apache-2.0 */
#include "support/fold_machine.h"

#include <stdio.h>
#include <stdlib.h>

#include "hardware/dead_chips.h"
#include "hardware/defect.h"
#include "hardware/fabric.h"

/* A divisor of the chips from 2 to 12; 1 when there is none but large ones. */
static int64_t draw_domain(struct drawing *drawing, int64_t chips)
{
    int64_t found[12], count = 0;
    for (int64_t size = 2; size <= 12; size++) {
        if (chips % size == 0) {
            found[count++] = size;
        }
    }
    return count == 0 ? 1 : found[below(drawing, count)];
}

/* The last domain that works is filled in part, and so is the last group of the first tier. */
static int64_t partly_domain(struct drawing *drawing, int64_t chips)
{
    int64_t size = 3 + random_below(&drawing->extra, 8);
    while (chips % size == 0) {
        size++;
    }
    drawing->fold_case->partly = true;
    return size;
}

static void part_groups(struct cluster *cluster)
{
    while (cluster->tier_count > 1 && cluster->domains % cluster->tiers[0].domains == 0) {
        cluster->tiers[0].domains++;
    }
    for (int64_t t = 1; t + 1 < cluster->tier_count; t++) {
        cluster->tiers[t].domains = 2 * cluster->tiers[t - 1].domains;
    }
}

/* Chips that leave, one block now and then two; all that its topology needs. */
static void kill_chips(struct drawing *drawing)
{
    struct platform *platform = drawing->platform;
    struct error error = {0};
    int64_t blocks[] = {1, 2, platform->chip_count};
    char text[80];
    int64_t used = 0, count = 1 + random_below(&drawing->extra, 2);
    platform->reliability.taken_chips = (double)blocks[random_below(&drawing->extra, 3)];
    for (int64_t i = 0; i < count; i++) {
        int64_t domain = random_below(&drawing->extra, platform->domain_count);
        int64_t chip = random_below(&drawing->extra, platform->chip_count);
        used += snprintf(text + used, sizeof text - (size_t)used, "%su%lld.%s",
                         i == 0 ? "" : ",", (long long)domain, platform->chip_names[chip]);
    }
    drawing->fold_case->dead = dead_chips_find(platform, text, 1, drawing->arena, &error);
}

void fold_machine_draw(struct drawing *drawing, int64_t chips, int64_t team, int64_t idle)
{
    bool partly = random_below(&drawing->extra, 3) == 0;
    bool dead = random_below(&drawing->extra, 4) == 0;
    int64_t size = draw_domain(drawing, chips);
    size = partly ? partly_domain(drawing, chips) : size;
    idle += dead ? 3 + 2 * team / size : 0;
    drawing->cluster = cluster_draw(&drawing->stream, (chips - 1) / size + 1 + idle, size,
                                    drawing->fold_case->narrow);
    if (partly) {
        part_groups(&drawing->cluster);
    }
    drawing->platform = cluster_create(&drawing->cluster, drawing->arena);
    drawing->platform->planes = 1 + random_below(&drawing->extra, 4);
    drawing->platform->plane_links = planes_find_links(drawing->platform, drawing->arena);
    if (dead) {
        kill_chips(drawing);
    }
    drawing->platform->spare_chips = platform_all_chips(drawing->platform) - chips;
}

void fold_machine_second_kind(struct drawing *drawing)
{
    struct platform *platform = drawing->platform;
    struct chip *kinds = arena_array(drawing->arena, 2, sizeof *kinds);
    kinds[0] = kinds[1] = *platform->chip_types;
    kinds[1].type = "slower";
    kinds[1].array_flops_per_s[DTYPE_BF16] *= 0.6;
    int64_t first = 1 + below(drawing, platform->chip_count);
    platform->chip_types = kinds;
    platform->chip_type_count = 2;
    drawing->fold_case->second_kind = true;
    for (int64_t c = 0; c < platform->chip_count; c++) {
        platform->chips[c] = &kinds[c >= first];
    }
}

/* A link of the machine: of a domain, or a trunk. */
static int64_t draw_link(struct drawing *drawing)
{
    const struct platform *platform = drawing->platform;
    if (platform->tier_count > 1 && below(drawing, 3) == 0) {
        int64_t tier = below(drawing, platform->tier_count - 1);
        int64_t groups = (platform->domain_count - 1) / platform->tiers[tier].domains + 1;
        struct fabric_trunk trunk = {.tier = tier,
                                     .group = below(drawing, groups),
                                     .rail = below(drawing, platform->tiers[tier].rails),
                                     .down = toss(drawing)};
        return fabric_trunk_link(&trunk);
    }
    int64_t nics = 2 * platform->chip_count / drawing->cluster.nic_chips;
    int64_t link = toss(drawing) ? platform->link_count - 1 - below(drawing, nics)
                                 : below(drawing, platform->link_count);
    return below(drawing, platform->domain_count) * platform->link_count + link;
}

/* The link in one of the planes, where there are several. */
static int64_t draw_plane(struct drawing *drawing, int64_t link)
{
    const struct platform *platform = drawing->platform;
    bool splits = platform->planes > 1 &&
                  (link < 0 || platform->plane_links[link % platform->link_count]) &&
                  random_below(&drawing->extra, 3) > 0;
    return splits ? planes_link(platform, link,
                                1 + random_below(&drawing->extra, platform->planes))
                  : link;
}

void fold_machine_degrade(struct drawing *drawing)
{
    static const double factors[] = {0.5, 0.3, 0, 0};
    struct platform *platform = drawing->platform;
    int64_t count = toss(drawing) ? 0 : 1 + below(drawing, 3), kept = 0;
    struct link_defect *defects = arena_array(drawing->arena, 7, sizeof *defects);
    double share[PLANES_MOST + 1] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    if (platform->planes > 1 && random_below(&drawing->extra, 6) == 0) {
        share[1] = factors[random_below(&drawing->extra, 4)];
    }
    for (int64_t i = 0; i < count; i++) {
        int64_t link = draw_plane(drawing, draw_link(drawing));
        double factor = factors[below(drawing, 4)];
        defects[kept++] = (struct link_defect){link, factor};
        if (factor <= 0 && link >= 0 && platform->link_count % 2 == 0 && toss(drawing)) {
            defects[kept++] = (struct link_defect){link ^ 1, factor};
        }
    }
    defect_set(platform, defects, kept, share, drawing->arena);
    drawing->fold_case->planes = platform->split != NULL;
}
