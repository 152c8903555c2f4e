/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the routes counts, one over the links finds the limit. */
#include "hardware/platform_load.h"

struct span {
    int64_t begin, end; /* of local chip indices */
};

static void add_flows(const struct platform *platform, int64_t from, struct span to,
                      struct platform_load *load)
{
    for (int64_t chip = to.begin; chip < to.end; chip++) {
        if (chip == from) {
            continue;
        }
        int32_t count;
        const int32_t *links = platform_route(platform, from, chip, &count);
        for (int32_t i = 0; i < count; i++) {
            load->flows[links[i]]++;
        }
        load->flow_count++;
    }
}

static void find_limit(const struct platform *platform, struct platform_load *load)
{
    load->limit = -1;
    for (int32_t i = 0; i < platform->link_count; i++) {
        const struct link *link = &platform->links[i];
        if (load->flows[i] == 0) {
            continue;
        }
        /* A FATPIPE limits each flow alone. */
        double users = link->policy == LINK_FATPIPE ? 1 : (double)load->flows[i];
        double flow_Bps = link->bandwidth_Bps / users;
        if (load->limit < 0 || flow_Bps < load->flow_Bps) {
            load->limit = i;
            load->flow_Bps = flow_Bps;
        }
    }
}

static void load_spans(const struct platform *platform, struct span from, struct span to,
                       struct platform_load *load, struct arena *arena)
{
    *load = (struct platform_load){
        .flows = arena_array(arena, platform->link_count, sizeof *load->flows)};
    for (int64_t chip = from.begin; chip < from.end; chip++) {
        add_flows(platform, chip, to, load);
    }
    find_limit(platform, load);
}

void platform_load_all_to_all(const struct platform *platform, struct platform_load *load,
                              struct arena *arena)
{
    struct span all = {0, platform->chip_count};
    load_spans(platform, all, all, load, arena);
}

void platform_load_halves(const struct platform *platform, struct platform_load *load,
                          struct arena *arena)
{
    int64_t half = platform->chip_count / 2;
    load_spans(platform, (struct span){0, half}, (struct span){half, platform->chip_count},
               load, arena);
}
