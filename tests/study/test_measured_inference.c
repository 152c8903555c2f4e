/* SPDX-License-Identifier: Apache-2.0 */
/* What a row of serving is simulated to give depends on its configuration alone: with names,
 * sources, notes and every measured column blanked or taken from other rows it stays. The
 * model's name stays too, for its shape is in no other column. */
#include "study/measured_inference.h"

#include <math.h>
#include <string.h>

#include "support/support.h"

static const char *const hidden[] = {"id",
                                     "family",
                                     "source",
                                     "tag",
                                     "confidence",
                                     "notes",
                                     "throughput_kind",
                                     "qps_achieved",
                                     "out_tok_s_total",
                                     "out_tok_s_per_chip",
                                     "total_tok_s",
                                     "ttft_mean_ms",
                                     "ttft_p50_ms",
                                     "ttft_p99_ms",
                                     "tpot_mean_ms",
                                     "tpot_p50_ms",
                                     "tpot_p99_ms",
                                     "e2e_mean_ms",
                                     "slo_ttft_ms",
                                     "slo_tpot_ms"};

/* shift 0: these cells are blank; else they are those of the row so many further on. */
static struct csv *hide(const struct csv *csv, int64_t shift, struct arena *arena)
{
    struct csv *copy = arena_alloc(arena, sizeof *copy);
    *copy = *csv;
    int64_t cells = csv->row_count * csv->column_count;
    copy->cells = arena_array(arena, cells, sizeof(char *));
    memcpy(copy->cells, csv->cells, (size_t)cells * sizeof(char *));
    for (size_t b = 0; b < sizeof hidden / sizeof hidden[0]; b++) {
        int64_t column = csv_column(csv, hidden[b]);
        CU_ASSERT(column >= 0);
        for (int64_t row = 0; column >= 0 && row < csv->row_count; row++) {
            int64_t from = (row + shift) % csv->row_count;
            copy->cells[row * csv->column_count + column] =
                shift == 0 ? "" : csv->cells[from * csv->column_count + column];
        }
    }
    return copy;
}

static bool simulate(struct machines *machines, const struct csv *csv, int64_t row,
                     struct inference_result *result)
{
    struct arena *arena = arena_create();
    struct error ignored = {0};
    struct measured_row what = {.kind = MEASURED_INFERENCE, .csv = csv, .row = row};
    struct inference_case *made = measured_inference_case(machines, &what, arena, &ignored);
    bool done = made != NULL && measured_inference_run(made, result, arena, &ignored);
    arena_free(arena);
    return done;
}

static bool same(double a, double b)
{
    return (isnan(a) && isnan(b)) || fabs(a - b) <= 0;
}

static int64_t changed_rows(struct machines *machines, const struct csv *csv, int64_t shift,
                            struct arena *arena)
{
    enum { STRIDE = 31 };
    const struct csv *bare = hide(csv, shift, arena);
    int64_t changed = 0, done = 0;
    for (int64_t row = shift; row < csv->row_count; row += STRIDE) {
        struct inference_result one = {0}, two = {0};
        bool first = simulate(machines, csv, row, &one);
        bool second = simulate(machines, bare, row, &two);
        done += first;
        changed += first != second || !same(one.tpot_mean_s, two.tpot_mean_s) ||
                   !same(one.ttft_mean_s, two.ttft_mean_s) ||
                   !same(one.output_per_s, two.output_per_s);
    }
    CU_ASSERT(done > csv->row_count / STRIDE / 2);
    return changed;
}

static void test_blind(void)
{
    struct arena *arena = arena_create();
    struct error error = {0};
    struct machines *machines =
        machines_read(SOURCE_FOLDER "/workloads/measured", arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(machines);
    const struct csv *csv =
        csv_read(SOURCE_FOLDER "/workloads/measured/inference.csv", arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(csv);
    CU_ASSERT_EQUAL(changed_rows(machines, csv, 0, arena), 0);
    CU_ASSERT_EQUAL(changed_rows(machines, csv, 7, arena), 0);
    arena_free(arena);
}

void suite_measured_inference(void)
{
    static const struct test tests[] = {{"rows are blind to results and names", test_blind}};
    add_suite("measured_inference", tests, sizeof tests / sizeof tests[0]);
}
