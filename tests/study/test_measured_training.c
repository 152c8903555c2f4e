/* SPDX-License-Identifier: Apache-2.0 */
/* A row's scenario depends on its configuration alone: with names, groups, sources, notes and
 * every measured column blanked, each row of the shipped table asks for the same. */
#include "study/measured_training.h"

#include <math.h>
#include <string.h>

#include "support/support.h"

static const char *const blanked[] = {"id",
                                      "group",
                                      "source",
                                      "source_locator",
                                      "model",
                                      "notes",
                                      "iter_time_s",
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

static struct csv *blank(const struct csv *csv, struct arena *arena)
{
    struct csv *copy = arena_alloc(arena, sizeof *copy);
    *copy = *csv;
    int64_t cells = csv->row_count * csv->column_count;
    copy->cells = arena_array(arena, cells, sizeof(char *));
    memcpy(copy->cells, csv->cells, (size_t)cells * sizeof(char *));
    for (size_t b = 0; b < sizeof blanked / sizeof blanked[0]; b++) {
        int64_t column = csv_column(csv, blanked[b]);
        for (int64_t row = 0; column >= 0 && row < csv->row_count; row++) {
            copy->cells[row * csv->column_count + column] = "";
        }
    }
    return copy;
}

static bool same_case(const struct training_case *a, const struct training_case *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    const struct model *m = a->scenario->model, *n = b->scenario->model;
    return strcmp(a->platform->name, b->platform->name) == 0 &&
           platform_chips(a->platform) == platform_chips(b->platform) &&
           memcmp(&a->scenario->plan, &b->scenario->plan, sizeof(struct plan)) == 0 &&
           a->scenario->batch_tokens == b->scenario->batch_tokens &&
           a->scenario->sequence_tokens == b->scenario->sequence_tokens &&
           m->layers == n->layers && m->hidden == n->hidden && m->heads == n->heads &&
           m->kv_heads == n->kv_heads && m->ffn_hidden == n->ffn_hidden &&
           m->vocabulary == n->vocabulary && m->expert_count == n->expert_count &&
           m->gated_mlp == n->gated_mlp && fabs(a->batch_fraction - b->batch_fraction) <= 0;
}

static void test_blanked(void)
{
    struct arena *arena = arena_create();
    struct error error = {0};
    struct machines *machines =
        machines_read(SOURCE_FOLDER "/workloads/measured", arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(machines);
    const struct csv *csv =
        csv_read(SOURCE_FOLDER "/workloads/measured/training.csv", arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(csv);
    const struct csv *bare = blank(csv, arena);
    for (int64_t row = 0; row < csv->row_count; row++) {
        struct error ignored = {0};
        struct measured_row named = {.kind = MEASURED_TRAINING,
                                     .id = csv_text(csv, row, "id"),
                                     .group = csv_text(csv, row, "group"),
                                     .accelerator = csv_text(csv, row, "accelerator"),
                                     .csv = csv,
                                     .row = row};
        struct measured_row nameless = named;
        nameless.id = nameless.group = "";
        nameless.csv = bare;
        CU_ASSERT(same_case(measured_training_case(machines, &named, arena, &ignored),
                            measured_training_case(machines, &nameless, arena, &ignored)));
    }
    arena_free(arena);
}

void suite_measured_training(void);
void suite_measured_training(void)
{
    static const struct test tests[] = {{"names and results change nothing", test_blanked}};
    add_suite("measured_training", tests, 1);
}
