/* SPDX-License-Identifier: Apache-2.0 */
/* Counts, the first failures, and where the table is. */
#include "cli/sweep_tell.h"

#include <stdio.h>
#include <string.h>

#include "cli/print.h"

enum { TOLD_FAILURES = 3 };

void sweep_tell_states(const struct sweep_run *run, int64_t counts[3], int64_t *blocked)
{
    *blocked = 0;
    memset(counts, 0, 3 * sizeof counts[0]);
    for (int64_t p = 0; p < run->sweep->point_count; p++) {
        const struct sweep_point *point = &run->store.points[p];
        if (point->same_as >= 0) {
            point = &run->store.points[point->same_as];
        }
        counts[point->state]++;
        *blocked += point->blocked;
    }
}

static void warn(const struct sweep_run *run, int64_t blocked)
{
    if (run->request->shared.quiet) {
        return;
    }
    if (run->store.foreign_count > 0) {
        fprintf(stderr,
                "trnsim: warning: %s/points has %lld files that are not the sweep's ('%s'); "
                "they are left alone\n",
                run->store.folder, (long long)run->store.foreign_count,
                run->store.foreign_name);
    }
    if (blocked > 0) {
        fprintf(stderr,
                "trnsim: warning: %lld points have a file that is damaged or no result; they "
                "are left alone and count as failed\n",
                (long long)blocked);
    }
}

static bool print_object(const struct sweep_run *run, const int64_t counts[3],
                         struct error *error)
{
    json_t *object = json_object();
    double wall_s = sweep_progress_wall_s(&run->progress);
    json_object_set_new(object, "points", json_integer(run->sweep->point_count));
    json_object_set_new(object, "done", json_integer(counts[SWEEP_DONE]));
    json_object_set_new(object, "failed", json_integer(counts[SWEEP_FAILED]));
    json_object_set_new(object, "done_before", json_integer(run->before));
    json_object_set_new(object, "wall_s", json_real(wall_s));
    json_object_set_new(object, "points_per_s", json_real((double)run->asked / wall_s));
    json_object_set_new(object, "folder", json_string(run->store.folder));
    json_object_set_new(
        object, "table",
        json_string(arena_format(run->arena, "%s/sweep.h5", run->store.folder)));
    return print_json(object, error);
}

bool sweep_tell(const struct sweep_run *run, struct error *error)
{
    int64_t counts[3], blocked;
    char text[2][PRINT_SIZE];
    sweep_tell_states(run, counts, &blocked);
    warn(run, blocked);
    if (run->request->shared.json) {
        return print_object(run, counts, error);
    }
    double wall_s = sweep_progress_wall_s(&run->progress);
    printf("%s\n", run->sweep->title);
    print_field("points", "%lld: %lld done (%lld before), %lld failed",
                (long long)run->sweep->point_count, (long long)counts[SWEEP_DONE],
                (long long)run->before, (long long)counts[SWEEP_FAILED]);
    print_field("time", "%s, %s points/s", print_quantity(text[0], wall_s, "s"),
                print_count(text[1], (double)run->asked / wall_s));
    int told = 0;
    for (int64_t p = 0; p < run->sweep->point_count && told < TOLD_FAILURES; p++) {
        const struct sweep_point *point = &run->store.points[p];
        if (point->state == SWEEP_FAILED && point->same_as < 0) {
            print_field("failed", "point %lld: %s", (long long)p, point->message);
            told++;
        }
    }
    print_field("table", "%s/sweep.h5", run->store.folder);
    return true;
}
