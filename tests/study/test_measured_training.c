/* SPDX-License-Identifier: Apache-2.0 */
/* A row's scenario depends on its configuration alone: with names, groups, sources, notes and
 * every measured column blanked, each row of the shipped table asks for the same. */
#include "study/measured_training.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/shipped_machines.h"
#include "support/support.h"

/* What names a row, says where it is from or what was measured; all else is configuration. */
static const char *const hidden[] = {"id",
                                     "group",
                                     "source",
                                     "source_locator",
                                     "peak_bf16_tflops",
                                     "scale_out_net",
                                     "model",
                                     "notes",
                                     "dp",
                                     "iter_time_s",
                                     "iter_time_ms",
                                     "iter_time_kind",
                                     "tokens_per_s_per_chip",
                                     "seq_per_s",
                                     "model_tflops_per_chip",
                                     "hw_tflops_per_chip",
                                     "tflops_convention",
                                     "mfu_pct",
                                     "hfu_pct",
                                     "mem_gib",
                                     "calc_model_tflops_per_chip",
                                     "scaling_series",
                                     "config_key",
                                     "tag",
                                     "confidence"};

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
        for (int64_t row = 0; column >= 0 && row < csv->row_count; row++) {
            int64_t from = (row + shift) % csv->row_count;
            copy->cells[row * csv->column_count + column] =
                shift == 0 ? "" : csv->cells[from * csv->column_count + column];
        }
    }
    return copy;
}

/* Every member counts: both structs were filled from zeros, their texts are literals. */
static bool same_case(const struct training_case *a, const struct training_case *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    const struct scenario *one = a->scenario, *two = b->scenario;
    return strcmp(a->platform->name, b->platform->name) == 0 &&
           platform_chips(a->platform) == platform_chips(b->platform) &&
           memcmp(&one->plan, &two->plan, sizeof(struct plan)) == 0 &&
           memcmp(one->model, two->model, sizeof(struct model)) == 0 &&
           one->batch_tokens == two->batch_tokens &&
           one->sequence_tokens == two->sequence_tokens && one->seed == two->seed &&
           one->coalesce == two->coalesce && one->slow_chips == two->slow_chips &&
           fabs(a->batch_fraction - b->batch_fraction) <= 0;
}

static int64_t changed_rows(struct machines *machines, const struct csv *csv, int64_t shift,
                            enum measured_kind kind, struct arena *arena)
{
    const struct csv *bare = hide(csv, shift, arena);
    int64_t changed = 0;
    for (int64_t row = 0; row < csv->row_count; row++) {
        struct error ignored = {0};
        const char *accelerator =
            kind == MEASURED_VTRAIN ? "A100-80GB" : csv_text(csv, row, "accelerator");
        struct measured_row named = {
            .kind = kind, .accelerator = accelerator, .csv = csv, .row = row};
        struct measured_row nameless = named;
        named.id = csv_text(csv, row, "id");
        named.group = csv_text(csv, row, "group");
        nameless.id = nameless.group = "";
        nameless.csv = bare;
        changed += !same_case(measured_training_case(machines, &named, arena, &ignored),
                              measured_training_case(machines, &nameless, arena, &ignored));
    }
    return changed;
}

static void expect_blind(const char *path, enum measured_kind kind)
{
    struct arena *arena = arena_create();
    struct error error = {0};
    struct machines *machines = shipped_machines(arena);
    const struct csv *csv = csv_read(path, arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(csv);
    CU_ASSERT_EQUAL(changed_rows(machines, csv, 0, kind, arena), 0);
    CU_ASSERT_EQUAL(changed_rows(machines, csv, 7, kind, arena), 0);
    arena_free(arena);
}

static void test_blind(void)
{
    expect_blind(SOURCE_FOLDER "/workloads/measured/training.csv", MEASURED_TRAINING);
}

/* Where the table lies that is not ours to ship. */
static void test_blind_single_node(void)
{
    const char *folder = getenv("TRNSIM_DATA");
    char path[512];
    snprintf(path, sizeof path, "%s/measured/vtrain-single-node.csv",
             folder == NULL ? SOURCE_FOLDER "/../shared" : folder);
    if (access(path, R_OK) == 0) {
        expect_blind(path, MEASURED_VTRAIN);
    }
}

void suite_measured_training(void);
void suite_measured_training(void)
{
    static const struct test tests[] = {
        {"names and results change nothing", test_blind},
        {"nor on one node", test_blind_single_node},
    };
    add_suite("measured_training", tests, sizeof tests / sizeof tests[0]);
}
