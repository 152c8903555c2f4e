/* SPDX-License-Identifier: Apache-2.0 */
/* A link of a domain in plane p has the number of the whole link plus p times the links of the
 * machine; a trunk holds its plane in its number. */
#include "hardware/planes.h"

#include <stdlib.h>

#include "base/order.h"
#include "hardware/defect.h"
#include "hardware/fabric.h"

static int64_t all_links(const struct platform *platform)
{
    return platform->domain_count * platform->link_count;
}

static void mark_route(const struct platform *platform, int64_t from, int64_t to,
                       unsigned char *links, unsigned char mark)
{
    int32_t count;
    const int32_t *route = platform_route(platform, from, to, &count);
    for (int32_t i = 0; i < count; i++) {
        bool fatpipe = platform->links[route[i]].policy == LINK_FATPIPE;
        links[route[i]] = fatpipe ? 0 : mark;
    }
}

unsigned char *planes_find_links(const struct platform *platform, struct arena *arena)
{
    int64_t chips = platform->chip_count;
    unsigned char *links = arena_array(arena, platform->link_count + 1, 1);
    for (int64_t c = 0; platform->tier_count > 0 && c < chips; c++) {
        mark_route(platform, c, chips, links, 1);
        mark_route(platform, chips, c, links, 1);
    }
    for (int64_t way = 0; way < chips * chips; way++) {
        mark_route(platform, way / chips, way % chips, links, 0);
    }
    return links;
}

bool planes_splits(const struct platform *platform, int64_t link)
{
    return platform->split != NULL &&
           (link < 0 || platform->plane_links[link % platform->link_count]);
}

int64_t planes_link(const struct platform *platform, int64_t link, int64_t plane)
{
    if (link >= 0) {
        return link % all_links(platform) + plane * all_links(platform);
    }
    struct fabric_trunk trunk = fabric_trunk_of(link);
    trunk.plane = plane;
    return fabric_trunk_link(&trunk);
}

int64_t planes_of_link(const struct platform *platform, int64_t link)
{
    return link < 0 ? fabric_trunk_of(link).plane : link / all_links(platform);
}

double planes_part(const struct platform *platform, int64_t plane)
{
    int64_t planes = plane > 0 ? 1 : platform->planes - platform->split->marked_count;
    return (double)planes / (double)platform->planes;
}

uint32_t planes_live(const struct platform *platform, const int64_t *links, int64_t count)
{
    const struct plane_split *split = platform->split;
    uint32_t live = ((uint32_t)1 << (platform->planes + 1)) - 2;
    for (int64_t m = 0; m < split->marked_count; m++) {
        int64_t plane = split->marked[m];
        bool carries = split->share[plane] > 0;
        for (int64_t i = 0; carries && i < count; i++) {
            carries = !planes_splits(platform, links[i]) ||
                      defect_factor(platform, planes_link(platform, links[i], plane)) > 0;
        }
        live &= carries ? live : ~((uint32_t)1 << plane);
    }
    return live;
}

static int64_t multiple_up_to(int64_t from, int64_t to)
{
    int64_t multiple = 1;
    for (int64_t k = from; k <= to; k++) {
        int64_t step = multiple;
        while (multiple % k != 0) {
            multiple += step;
        }
    }
    return multiple;
}

bool planes_parted(const struct platform *platform, int64_t domain)
{
    const struct plane_split *split = platform->split;
    return split != NULL && split->apart &&
           (split->parted_all || (split->parted_count > 0 &&
                                  bsearch(&domain, split->parted, (size_t)split->parted_count,
                                          sizeof domain, order_int64) != NULL));
}

static void find_parted(const struct platform *platform, struct plane_split *split,
                        struct arena *arena)
{
    int64_t *parted = arena_array(arena, platform->defect_count + 1, sizeof(int64_t));
    for (int64_t i = 0; i < platform->defect_count; i++) {
        const struct link_defect *defect = &platform->defects[i];
        if (defect->factor <= 0 && planes_of_link(platform, defect->link) > 0) {
            split->parted_all |= defect->link < 0;
            parted[split->parted_count++] = fabric_link_domain(platform, defect->link);
        }
    }
    for (int64_t plane = 1; plane <= platform->planes; plane++) {
        split->parted_all |= split->share[plane] <= 0;
    }
    qsort(parted, (size_t)split->parted_count, sizeof(int64_t), order_int64);
    split->parted = parted;
}

const struct plane_split *planes_split(const struct platform *platform,
                                       const double share[PLANES_MOST + 1], struct arena *arena)
{
    struct plane_split *split = arena_alloc(arena, sizeof *split);
    bool dies[PLANES_MOST + 1] = {false}, marked[PLANES_MOST + 1] = {false};
    for (int64_t i = 0; i < platform->defect_count; i++) {
        int64_t plane = planes_of_link(platform, platform->defects[i].link);
        marked[plane] = true;
        dies[plane] |= platform->defects[i].factor <= 0;
    }
    int64_t dying = 0;
    for (int64_t plane = 1; plane <= platform->planes; plane++) {
        split->share[plane] = share[plane];
        dying += dies[plane] || share[plane] <= 0;
        if (marked[plane] || share[plane] < 1) {
            split->marked[split->marked_count++] = plane;
        }
    }
    split->apart = dying == platform->planes;
    split->unit = multiple_up_to(split->apart ? 1 : platform->planes - dying, platform->planes);
    find_parted(platform, split, arena);
    return split->marked_count > 0 ? split : NULL;
}
