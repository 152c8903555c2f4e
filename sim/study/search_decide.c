/* SPDX-License-Identifier: Apache-2.0 */
/* Who is simulated after the estimate has spoken. Neighbours in its order are often the same
 * plan but for one overlap, and err alike: families come first. MODEL.md, "Finalists". */
#include "study/search.h"

static bool is_among(const struct search_point *point, const struct search_point *points,
                     int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        if (search_same_plan(point, &points[i])) {
            return true;
        }
    }
    return false;
}

/* Simulates what stands behind the first ones, and ranks all. */
static bool simulate_rest(struct search_simulation *all, int64_t known, struct error *error)
{
    struct search_simulation rest = *all;
    rest.points = all->points + known;
    rest.results = all->results + known;
    rest.count = all->count - known;
    if (!search_simulate(&rest, error)) {
        return false;
    }
    search_rank(all);
    return true;
}

/* The best of each family; where there are too few families, the best of all. */
static void add_finalists(const struct search *search, int64_t most,
                          struct search_simulation *all)
{
    for (int f = 0; f < search->family_count && all->count < most; f++) {
        all->points[all->count++] = search->families[f];
    }
    for (int b = 0; b < search->best_count && all->count < most; b++) {
        if (!is_among(&search->best[b], all->points, all->count)) {
            all->points[all->count++] = search->best[b];
        }
    }
}

static void add_relatives(const struct search *search, struct search_simulation *all)
{
    int64_t most = all->count + SEARCH_RELATIVES;
    struct search_point winner = all->points[0];
    for (int b = 0; b < search->best_count && all->count < most; b++) {
        const struct search_point *point = &search->best[b];
        if (search_same_family(point, &winner) && !is_among(point, all->points, all->count)) {
            all->points[all->count++] = *point;
        }
    }
}

/* The best again with all replicas, until the first ones have all been tried. */
static bool run_whole(struct search_simulation *all, int64_t first, struct error *error)
{
    struct arena *arena = all->search->arena;
    first = first < all->count ? first : all->count;
    struct search_point *tried = arena_array(arena, all->count, sizeof *tried);
    for (int64_t tried_count = 0, now = 1; now > 0; tried_count += now) {
        struct search_simulation whole = *all;
        int64_t *places = arena_array(arena, first, sizeof *places);
        whole.whole = true;
        whole.count = now = 0;
        whole.points = tried + tried_count;
        whole.results = arena_array(arena, first, sizeof *whole.results);
        for (int64_t i = 0; i < first; i++) {
            if (all->results[i].done && !is_among(&all->points[i], tried, tried_count)) {
                places[now] = i;
                whole.results[now] = all->results[i];
                whole.points[now++] = all->points[i];
            }
        }
        whole.count = now;
        if (now > 0 && !search_simulate(&whole, error)) {
            return false;
        }
        for (int64_t i = 0; i < now; i++) {
            if (whole.results[i].done) {
                all->results[places[i]] = whole.results[i];
            }
        }
        search_rank(all);
    }
    return true;
}

bool search_decide(const struct search *search, const struct search_decision *decision,
                   struct search_simulation *simulation, struct error *error)
{
    int64_t most = decision->finalists + SEARCH_RELATIVES;
    struct search_point *points = arena_array(search->arena, most, sizeof *points);
    struct search_simulation all = search_simulation_of(search, points, most);
    all.jobs = decision->jobs;
    all.price = decision->price;
    all.count = 0;
    add_finalists(search, decision->finalists, &all);
    if (!simulate_rest(&all, 0, error)) {
        return false;
    }
    int64_t known = all.count;
    add_relatives(search, &all);
    if (!simulate_rest(&all, known, error) || !run_whole(&all, decision->whole, error)) {
        return false;
    }
    *simulation = all;
    return all.results[0].done ||
           error_fill(error, ERROR_INFEASIBLE, "no plan can be simulated: %s",
                      all.results[0].message);
}
