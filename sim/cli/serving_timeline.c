/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/serving_timeline.h"

#include <assert.h>

enum { LOAD = 1, NOBODY, FIRST_REPLICA }; /* numbers of processes */
enum { PHASES = 3 };

struct drawing {
    struct timeline_file *file;
    const struct table *requests;
    struct arena *arena;
};

static const union cell *at(const struct table *table, int64_t row, const char *column)
{
    int index = table_find(table, column);
    assert(index >= 0);
    return &table->cells[row * table->column_count + index];
}

static int32_t process_of(int64_t replica)
{
    return replica < 0 ? NOBODY : (int32_t)(FIRST_REPLICA + replica);
}

static void name_processes(const struct drawing *drawing)
{
    int64_t most = -1;
    bool nobody = false;
    for (int64_t r = 0; r < drawing->requests->row_count; r++) {
        int64_t replica = at(drawing->requests, r, "replica")->i64;
        most = replica > most ? replica : most;
        nobody = nobody || replica < 0;
    }
    timeline_file_process(drawing->file, LOAD, "all replicas", NULL);
    if (nobody) {
        timeline_file_process(drawing->file, NOBODY, "served by none", NULL);
    }
    for (int64_t i = 0; i <= most; i++) {
        timeline_file_process(drawing->file, process_of(i),
                              arena_format(drawing->arena, "replica %lld", (long long)i), NULL);
    }
}

/* Wait, prompt and answer follow each other; what did not end has no end to draw. */
static void draw_request(const struct drawing *drawing, int64_t row)
{
    static const char *const names[PHASES] = {"wait", "prompt", "answer"};
    const struct table *table = drawing->requests;
    int64_t id = at(table, row, "id")->i64;
    double start_s = at(table, row, "arrival_s")->f64;
    double ends[PHASES] = {at(table, row, "queue_s")->f64, at(table, row, "ttft_s")->f64,
                           at(table, row, "e2e_s")->f64};
    const char *details = arena_format(
        drawing->arena,
        "\"request\":%lld,\"input_tokens\":%lld,\"cached_tokens\":%lld,\"output_tokens\":%lld,"
        "\"preemptions\":%lld",
        (long long)id, (long long)at(table, row, "input_tokens")->i64,
        (long long)at(table, row, "cached_tokens")->i64,
        (long long)at(table, row, "output_tokens")->i64,
        (long long)at(table, row, "preemptions")->i64);
    double from_s = 0;
    for (int phase = 0; phase < PHASES; phase++) {
        struct timeline_slice slice = {names[phase], "request", details};
        if (ends[phase] > from_s) {
            timeline_file_phase(drawing->file, process_of(at(table, row, "replica")->i64),
                                &slice, id, start_s + from_s, start_s + ends[phase]);
            from_s = ends[phase];
        }
    }
}

static void draw_counters(struct timeline_file *file, const struct table *seconds)
{
    static const struct {
        const char *column, *name;
        double scale;
    } counters[] = {{"running", "requests in batches [1]", 1},
                    {"waiting", "requests in queues [1]", 1},
                    {"kv_use_fraction", "KV cache in use [%]", 100},
                    {"output_tokens_per_s", "tokens that come out [1/s]", 1},
                    {"prompt_tokens_per_s", "prompt tokens computed [1/s]", 1}};
    for (size_t c = 0; c < sizeof counters / sizeof counters[0]; c++) {
        for (int64_t r = 0; r < seconds->row_count; r++) {
            timeline_file_counter(file, LOAD, counters[c].name,
                                  counters[c].scale * at(seconds, r, counters[c].column)->f64,
                                  at(seconds, r, "time_s")->f64);
        }
    }
}

bool serving_timeline(struct timeline_request *request, const struct table *requests,
                      const struct table *seconds, struct arena *arena, struct error *error)
{
    struct drawing drawing = {timeline_file_open(request->path, arena, error), requests, arena};
    if (drawing.file == NULL) {
        return false;
    }
    name_processes(&drawing);
    request->all = requests->row_count;
    while (request->drawn < request->all &&
           timeline_file_slices(drawing.file) + PHASES <= request->slice_limit) {
        draw_request(&drawing, request->drawn++);
    }
    draw_counters(drawing.file, seconds);
    request->slices = timeline_file_slices(drawing.file);
    return timeline_file_close(drawing.file, request->facts, request->fact_count, error);
}
