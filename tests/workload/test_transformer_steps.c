/* SPDX-License-Identifier: Apache-2.0 */
/* Model FLOPs of published training steps: dense rows of a table of measurements that is not
 * part of the project. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "support/support.h"
#include "workload/transformer.h"

enum { COLUMNS_MAX = 64 };

/* Moves one cell's text to *to and ends it with a 0; returns the separator's place. A quoted
 * cell may hold commas, and a doubled quote is one. */
static char *cut_cell(char *from, char **to)
{
    bool quoted = *from == '"';
    from += quoted;
    while (*from != '\0') {
        if (quoted && from[0] == '"' && from[1] == '"') {
            from++;
        } else if (quoted ? *from == '"' : *from == ',' || *from == '\n') {
            break;
        }
        *(*to)++ = *from++;
    }
    return from + (quoted && *from == '"');
}

/* Cuts a CSV row in place; returns the next row. */
static char *cut_row(char *row, char *fields[COLUMNS_MAX], int *count)
{
    char *to = row, separator = ',';
    for (*count = 0; separator == ',' && *count < COLUMNS_MAX;) {
        fields[(*count)++] = to;
        row = cut_cell(row, &to);
        separator = *row;
        row += separator != '\0';
        *to++ = '\0';
    }
    return row;
}

static const char *field(char *names[COLUMNS_MAX], char *fields[COLUMNS_MAX], int count,
                         const char *name)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return fields[i];
        }
    }
    return "";
}

struct table {
    char *names[COLUMNS_MAX], *fields[COLUMNS_MAX];
    int count;
};

static double number(struct table *table, const char *name)
{
    return atof(field(table->names, table->fields, table->count, name));
}

/* True when the row has what is needed; then the ratio of our count to the recount's. */
static bool row_ratio(struct table *table, double *ratio)
{
    if (strcmp(field(table->names, table->fields, table->count, "arch"), "dense") != 0) {
        return false;
    }
    double published = number(table, "calc_model_tflops_per_chip") * 1e12 *
                       number(table, "iter_time_s") * number(table, "n_chips");
    struct model model = {.layers = (int64_t)number(table, "layers"),
                          .hidden = (int64_t)number(table, "hidden"),
                          .heads = (int64_t)number(table, "heads"),
                          .kv_heads = (int64_t)number(table, "kv_heads"),
                          .head_dim = (int64_t)number(table, "head_dim"),
                          .ffn_hidden = (int64_t)number(table, "ffn"),
                          .gated_mlp = number(table, "gated_mlp") > 0,
                          .vocabulary = (int64_t)number(table, "vocab")};
    double step = transformer_step_flops(&model, (int64_t)number(table, "seq_len"),
                                         (int64_t)number(table, "gbs"));
    *ratio = published > 0 ? step / published : 0;
    return published > 0 && step > 0;
}

/* calc_model_tflops_per_chip x seconds x chips of every dense row that states all three. */
static void test_measured_steps(void)
{
    const char *path = outside_data("measured/training.csv");
    if (path == NULL) {
        return;
    }
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct table table;
    size_t size;
    int rows = 0, names;
    char *next = file_read(path, 1 << 20, &size, arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(next);
    next = cut_row(next, table.names, &names);
    while (*next != '\0') {
        double ratio;
        next = cut_row(next, table.fields, &table.count);
        if (row_ratio(&table, &ratio)) {
            CU_ASSERT(near(ratio, 1, 0.02));
            rows++;
        }
    }
    printf("%d rows ", rows);
    CU_ASSERT(rows >= 20);
    arena_free(arena);
}

/* One layer more, another pass through the head, and the product of 2 h by h. */
static void test_prediction_flops(void)
{
    struct model further = {.layers = 32,
                            .hidden = 4096,
                            .heads = 32,
                            .kv_heads = 8,
                            .head_dim = 128,
                            .ffn_hidden = 14336,
                            .vocabulary = 128256,
                            .gated_mlp = true,
                            .prediction_layers = 1};
    struct model longer = further;
    longer.layers++;
    longer.prediction_layers = 0;
    double token = 2.0 * 4096 * 128256 + 4.0 * 4096 * 4096;
    double more =
        transformer_step_flops(&further, 8192, 1) - transformer_step_flops(&longer, 8192, 1);
    CU_ASSERT_DOUBLE_EQUAL(more / (3 * 8192 * token), 1, 1e-9);
}

void suite_transformer_steps(void)
{
    static const struct test tests[] = {
        {"measured steps", test_measured_steps},
        {"layers that predict further", test_prediction_flops},
    };
    add_suite("transformer_steps", tests, sizeof tests / sizeof tests[0]);
}
