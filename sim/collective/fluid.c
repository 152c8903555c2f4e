/* SPDX-License-Identifier: Apache-2.0 */
/* Progressive filling: all unfixed flows rise together; the link that is full first fixes the
 * rates of its flows; and so on. Between two ends of flows the rates are constant.
 * MODEL.md, "Fair sharing". */
#include "collective/fluid.h"

#include <math.h>
#include <stdbool.h>

/* A rest below this fraction of a second at the flow's rate is rounding, not payload. */
static const double rounding_s = 1e-13;

struct filling {
    double *left_Bps;    /* capacity not yet given away */
    int64_t *open_flows; /* flows of the link whose rate is not fixed */
    unsigned char *open; /* per flow */
    int64_t open_count;
};

static void filling_init(struct filling *filling, const struct fluid *fluid)
{
    for (int64_t l = 0; l < fluid->link_count; l++) {
        filling->left_Bps[l] = fluid->capacity_Bps[l];
        filling->open_flows[l] = 0;
    }
    filling->open_count = 0;
    for (int64_t f = 0; f < fluid->flow_count; f++) {
        filling->open[f] = fluid->flows[f].bytes > 0;
        filling->open_count += filling->open[f];
        for (int32_t i = 0; filling->open[f] && i < fluid->flows[f].link_count; i++) {
            filling->open_flows[fluid->flows[f].links[i]]++;
        }
    }
}

static double share_Bps(const struct filling *filling, const struct fluid *fluid, int32_t link)
{
    return fluid->fatpipe[link] ? fluid->capacity_Bps[link]
                                : filling->left_Bps[link] / (double)filling->open_flows[link];
}

static double least_share_Bps(const struct filling *filling, const struct fluid *fluid)
{
    double least = INFINITY;
    for (int32_t l = 0; l < fluid->link_count; l++) {
        if (filling->open_flows[l] > 0) {
            least = fmin(least, share_Bps(filling, fluid, l));
        }
    }
    return least;
}

static bool limited(const struct filling *filling, const struct fluid *fluid,
                    const struct fluid_flow *flow, double share)
{
    for (int32_t i = 0; i < flow->link_count; i++) {
        if (share_Bps(filling, fluid, flow->links[i]) <= share * (1 + 1e-12)) {
            return true;
        }
    }
    return flow->link_count == 0;
}

/* Fixes the flows of every link that is full at this share. The test of all comes before the
 * change of any, so that the order of flows does not matter. */
static void fix(struct filling *filling, struct fluid *fluid, double share)
{
    for (int64_t f = 0; f < fluid->flow_count; f++) {
        if (filling->open[f] == 1 && limited(filling, fluid, &fluid->flows[f], share)) {
            filling->open[f] = 2;
        }
    }
    for (int64_t f = 0; f < fluid->flow_count; f++) {
        struct fluid_flow *flow = &fluid->flows[f];
        if (filling->open[f] != 2) {
            continue;
        }
        filling->open[f] = 0;
        filling->open_count--;
        flow->rate_Bps = share;
        for (int32_t i = 0; i < flow->link_count; i++) {
            filling->left_Bps[flow->links[i]] -= share;
            filling->open_flows[flow->links[i]]--;
        }
    }
}

static void fill(struct fluid *fluid, struct filling *filling)
{
    filling_init(filling, fluid);
    while (filling->open_count > 0) {
        fix(filling, fluid, least_share_Bps(filling, fluid));
    }
}

static double next_end_s(const struct fluid *fluid)
{
    double next = INFINITY;
    for (int64_t f = 0; f < fluid->flow_count; f++) {
        if (fluid->flows[f].bytes > 0) {
            next = fmin(next, fluid->flows[f].bytes / fluid->flows[f].rate_Bps);
        }
    }
    return next;
}

static void pass(struct fluid *fluid, double time_s)
{
    for (int64_t f = 0; f < fluid->flow_count; f++) {
        struct fluid_flow *flow = &fluid->flows[f];
        flow->bytes -= fmin(flow->bytes, flow->rate_Bps * time_s);
        if (flow->bytes <= flow->rate_Bps * rounding_s) {
            flow->bytes = 0;
        }
    }
}

double fluid_advance(struct fluid *fluid, double time_s)
{
    struct filling filling = {
        .left_Bps = arena_array(fluid->arena, fluid->link_count + 1, sizeof(double)),
        .open_flows = arena_array(fluid->arena, fluid->link_count + 1, sizeof(int64_t)),
        .open = arena_array(fluid->arena, fluid->flow_count + 1, 1),
    };
    double passed_s = 0;
    while (passed_s < time_s) {
        fill(fluid, &filling);
        double next_s = next_end_s(fluid);
        if (isinf(next_s)) {
            break;
        }
        double step_s = fmin(next_s, time_s - passed_s);
        pass(fluid, step_s);
        passed_s += step_s;
    }
    return passed_s;
}

double fluid_run(struct fluid *fluid)
{
    return fluid_advance(fluid, INFINITY);
}
