/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/routing.h"

#include <math.h>

/* The chance that none of the drawn, of all that there are, is one of these. */
static double missed(double all, double these, double drawn)
{
    double chance = 1;
    for (double k = 0; k < drawn; k++) {
        chance *= fmax(0, all - these - k) / (all - k);
    }
    return chance;
}

static double choose(double of, double taken)
{
    double ways = 1;
    for (double k = 0; k < taken; k++) {
        ways *= (of - k) / (taken - k);
    }
    return taken > of ? 0 : ways;
}

/* A place with several groups is missed unless one is chosen in which an expert is drawn. */
static double missed_groups(const struct model *model, double places)
{
    double groups = (double)model->router_groups, chosen = (double)model->router_groups_chosen;
    double group = (double)model->expert_count / groups, here = groups / places;
    double drawn = (double)model->experts_per_token, chance = 0;
    for (double j = 0; j <= here && j <= chosen; j++) {
        chance += choose(here, j) * choose(groups - here, chosen - j) / choose(groups, chosen) *
                  missed(chosen * group, j * group, drawn);
    }
    return chance;
}

double routing_places(const struct model *model, double places)
{
    double experts = (double)model->expert_count, drawn = (double)model->experts_per_token;
    double groups = (double)model->router_groups, chosen = (double)model->router_groups_chosen;
    if (!(groups > 1) || chosen >= groups) {
        return places * (1 - missed(experts, experts / places, drawn));
    }
    if (places <= groups && fmod(groups, places) == 0) {
        return places * (1 - missed_groups(model, places));
    }
    double candidates = experts * chosen / groups;
    return places * chosen / groups * (1 - missed(candidates, experts / places, drawn));
}
