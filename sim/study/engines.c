/* SPDX-License-Identifier: Apache-2.0 */
#include "study/engines.h"

#include <math.h>
#include <string.h>
#include <strings.h>

struct engines *engines_read(const char *folder, struct arena *arena, struct error *error)
{
    struct engines *engines = arena_alloc(arena, sizeof *engines);
    engines->engines = csv_read(arena_format(arena, "%s/engines.csv", folder), arena, error);
    if (engines->engines == NULL) {
        return NULL;
    }
    engines->models = csv_read(arena_format(arena, "%s/models.csv", folder), arena, error);
    if (engines->models == NULL) {
        return NULL;
    }
    engines->hardware = csv_read(arena_format(arena, "%s/hardware.csv", folder), arena, error);
    if (engines->hardware == NULL) {
        return NULL;
    }
    engines->lengths = csv_read(arena_format(arena, "%s/lengths.csv", folder), arena, error);
    return engines->lengths == NULL ? NULL : engines;
}

/* Letters of the longest name of a list "a|b" that the text begins with, plus 1; 0: none. */
static size_t begins_with(const char *text, const char *names)
{
    size_t longest = 0;
    while (*names != '\0') {
        size_t length = strcspn(names, "|");
        if (length + 1 > longest && strncasecmp(text, names, length) == 0) {
            longest = length + 1;
        }
        names += length + (names[length] == '|');
    }
    return longest;
}

/* How closely a row names an engine: 0 when it is another's; else by name, then version, then
 * hardware, an empty cell fitting all. */
static size_t closeness(const struct csv *csv, int64_t row, const struct engine_name *name)
{
    enum { LETTERS = 256 };
    const char *version = csv_text(csv, row, "version");
    const char *hardware = csv_text(csv, row, "hardware");
    size_t named = begins_with(name->engine, csv_text(csv, row, "engine"));
    size_t fits = version[0] == '\0' ? 1 : begins_with(name->version, version);
    size_t on = hardware[0] == '\0' ? 1 : begins_with(name->hardware, hardware);
    return named == 0 || fits == 0 || on == 0 ? 0 : (named * LETTERS + fits) * LETTERS + on;
}

/* The closest row; of those with a cell in the column, when there is one. -1: none. */
static int64_t closest(const struct csv *csv, const struct engine_name *name,
                       const char *column)
{
    int64_t found = -1;
    size_t best = 0;
    for (int64_t row = 0; row < csv->row_count; row++) {
        size_t close = closeness(csv, row, name);
        bool filled = column == NULL || csv_text(csv, row, column)[0] != '\0';
        if (filled && close > best) {
            best = close;
            found = row;
        }
    }
    return found;
}

bool engines_know(const struct engines *engines, const struct engine_name *name)
{
    return closest(engines->engines, name, NULL) >= 0;
}

const char *engines_text(const struct engines *engines, const struct engine_name *name,
                         const char *column)
{
    int64_t row = closest(engines->engines, name, column);
    return row < 0 ? "" : csv_text(engines->engines, row, column);
}

static double engines_number(const struct engines *engines, const struct engine_name *name,
                             const char *column)
{
    int64_t row = closest(engines->engines, name, column);
    return row < 0 ? (double)NAN : csv_number(engines->engines, row, column);
}

static int64_t engines_count(const struct engines *engines, const struct engine_name *name,
                             const char *column, int64_t otherwise)
{
    double value = engines_number(engines, name, column);
    return isfinite(value) ? (int64_t)value : otherwise;
}

int64_t engines_longest(const struct csv *csv, const char *text)
{
    int64_t found = -1;
    size_t longest = 0;
    for (int64_t row = 0; row < csv->row_count; row++) {
        const char *start = csv_text(csv, row, csv->names[0]);
        size_t length = strlen(start);
        if (strncmp(text, start, length) == 0 && length + 1 > longest) {
            longest = length + 1;
            found = row;
        }
    }
    return found;
}

/* Property columns: factors are 1 where they are empty, times 0. */
static const struct {
    const char *column;
    size_t offset;
    double unit, otherwise;
} properties[] = {
#define PROPERTY(column, member, unit, otherwise)                                              \
    {                                                                                          \
        column, offsetof(struct serving_scenario, member), unit, otherwise                     \
    }
    PROPERTY("step_overhead_us", step_overhead_s, 1e-6, 0),
    PROPERTY("request_overhead_ms", request_overhead_s, 1e-3, 0),
    PROPERTY("graph_memory_gib", graph_memory_bytes, 1024.0 * 1024 * 1024, 0),
    PROPERTY("memory_utilization", memory_utilization_fraction, 1, 0.9),
    PROPERTY("sequence_overhead_us", engine.sequence_overhead_s, 1e-6, 0),
    PROPERTY("token_overhead_us", engine.token_overhead_s, 1e-6, 0),
    PROPERTY("host_layer_us", engine.host_layer_s, 1e-6, 0),
    PROPERTY("all_experts_from", engine.all_experts_from, 1, 0),
    PROPERTY("expert_start_us", engine.expert_start_s, 1e-6, 0),
    PROPERTY("all_reduce_us", engine.all_reduce_s, 1e-6, 0),
    PROPERTY("launch_factor", engine.launch_factor, 1, 1),
    PROPERTY("matmul_factor", engine.matmul_factor, 1, 1),
    PROPERTY("matmul_rate_factor", engine.matmul_rate_factor, 1, 1),
    PROPERTY("expert_factor", engine.expert_factor, 1, 1),
    PROPERTY("expert_compute_factor", engine.expert_compute_factor, 1, 1),
    PROPERTY("prompt_kernel_us", engine.prompt_kernel_s, 1e-6, 0),
    PROPERTY("attention_factor", engine.attention_factor, 1, 1),
    PROPERTY("prompt_attention_factor", engine.prompt_attention_factor, 1, 1),
    PROPERTY("vector_factor", engine.vector_factor, 1, 1),
    PROPERTY("communication_factor", engine.communication_factor, 1, 1),
#undef PROPERTY
};

static int choice(const char *text, const char *const *choices, int count)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(text, choices[i]) == 0) {
            return i;
        }
    }
    return 0;
}

void engines_apply(const struct engines *engines, const struct engine_name *name,
                   struct serving_scenario *scenario)
{
    static const char *const policies[] = {"chunked", "prefill-first", "static"};
    static const char *const rules[] = {"total", "static", "free"};
    for (size_t i = 0; i < sizeof properties / sizeof properties[0]; i++) {
        double value = engines_number(engines, name, properties[i].column);
        double *place = (double *)(void *)((char *)scenario + properties[i].offset);
        *place = isfinite(value) ? value * properties[i].unit : properties[i].otherwise;
    }
    scenario->policy = choice(engines_text(engines, name, "policy"), policies, 3);
    scenario->memory_rule = choice(engines_text(engines, name, "memory_rule"), rules, 3);
    scenario->max_num_seqs = engines_count(engines, name, "max_num_seqs", 256);
    scenario->max_num_batched_tokens =
        engines_count(engines, name, "max_num_batched_tokens", 8192);
    scenario->block_tokens = engines_count(engines, name, "block_tokens", 16);
    const char *buckets = engines_text(engines, name, "prefill_buckets");
    scenario->engine.prefill_buckets = buckets[0] == '\0' ? "none" : buckets;
}

struct model *engines_model(const struct engines *engines, const char *name,
                            struct arena *arena, struct error *error)
{
    const struct csv *csv = engines->models;
    int64_t row = 0;
    while (row < csv->row_count && strcmp(csv_text(csv, row, "model"), name) != 0) {
        row++;
    }
    if (row == csv->row_count) {
        error_fill(error, ERROR_INPUT,
                   "model '%.60s' is not in models.csv; add a row with its shape", name);
        return NULL;
    }
#define COUNT(column) csv_count(csv, row, column, 0)
    struct model *model = arena_alloc(arena, sizeof *model);
    *model = (struct model){.name = name,
                            .path = "",
                            .text = "",
                            .architecture = "measured",
                            .layers = COUNT("layers"),
                            .hidden = COUNT("hidden"),
                            .heads = COUNT("heads"),
                            .kv_heads = COUNT("kv_heads"),
                            .head_dim = COUNT("head_dim"),
                            .ffn_hidden = COUNT("ffn"),
                            .vocabulary = COUNT("vocab"),
                            .query_rank = COUNT("query_rank"),
                            .key_value_rank = COUNT("key_value_rank"),
                            .position_dim = COUNT("position_dim"),
                            .gated_mlp = COUNT("gated") == 1,
                            .tied_embeddings = COUNT("tied") == 1,
                            .query_key_norm = COUNT("qk_norm") == 1,
                            .rotary = true,
                            .expert_count = COUNT("experts"),
                            .experts_per_token = COUNT("topk"),
                            .expert_ffn_hidden = COUNT("expert_ffn"),
                            .shared_ffn_hidden = COUNT("shared_ffn"),
                            .dense_layers = COUNT("dense_layers"),
                            .window = COUNT("window"),
                            .window_layers = COUNT("window_layers"),
                            .linear_layers = COUNT("linear_layers"),
                            .linear_key_columns = COUNT("linear_key_columns"),
                            .linear_value_columns = COUNT("linear_value_columns"),
                            .linear_state = COUNT("linear_state")};
#undef COUNT
    model->max_positions = 1 << 20;
    return model;
}
