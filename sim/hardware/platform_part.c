/* SPDX-License-Identifier: Apache-2.0 */
/* The routes of the first chips, and of the fabric, are copied into a smaller table. */
#include "hardware/platform_part.h"

#include <string.h>

static void copy_routes(struct platform *part, const struct platform *whole,
                        struct arena *arena)
{
    int64_t nodes = part->chip_count + 1;
    int32_t links = 0;
    part->route_start = arena_array(arena, nodes * nodes + 1, sizeof(int32_t));
    part->route_links = arena_array(
        arena, whole->route_start[(whole->chip_count + 1) * (whole->chip_count + 1)] + 1,
        sizeof(int32_t));
    for (int64_t i = 0; i < nodes * nodes; i++) {
        int64_t from = i / nodes, to = i % nodes;
        int32_t count;
        const int32_t *route =
            platform_route(whole, from < nodes - 1 ? from : whole->chip_count,
                           to < nodes - 1 ? to : whole->chip_count, &count);
        part->route_start[i] = links;
        memcpy(&part->route_links[links], route, (size_t)count * sizeof(int32_t));
        links += count;
    }
    part->route_start[nodes * nodes] = links;
}

struct platform *platform_part(const struct platform *platform, int64_t chips,
                               struct arena *arena, struct error *error)
{
    struct platform *part = arena_alloc(arena, sizeof *part);
    *part = *platform;
    int64_t fewest = (chips + platform->chip_count - 1) / platform->chip_count;
    part->domain_count = fewest;
    while (part->domain_count > 0 && part->domain_count < 2 * fewest &&
           chips % part->domain_count != 0) {
        part->domain_count++;
    }
    if (part->domain_count < 1 || chips % part->domain_count != 0) {
        error_fill(error, ERROR_INFEASIBLE,
                   "%lld chips cannot be spread equally over few %ss of %lld; "
                   "use a multiple of the chips of a %s",
                   (long long)chips, platform->domain_noun, (long long)platform->chip_count,
                   platform->domain_noun);
        return NULL;
    }
    part->chip_count = chips / part->domain_count;
    if (part->chip_count < platform->chip_count) {
        copy_routes(part, platform, arena);
    }
    return platform_check_domains(part, error) ? part : NULL;
}
