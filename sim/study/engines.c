/* SPDX-License-Identifier: Apache-2.0 */
#include "study/engines.h"

#include <math.h>
#include <string.h>

#include "study/names.h"

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
        if (length + 1 > longest && names_begin(text, names, length)) {
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

static const char *also(const char *assumed, const char *sentence, struct arena *arena)
{
    return arena_format(arena, "%s%s%s", assumed, assumed[0] == '\0' ? "" : "; ", sentence);
}

const char *engines_name(const struct engines *engines, const struct engine_name *name,
                         int64_t hardware, const char **assumed, struct arena *arena)
{
    if (closest(engines->engines, name, NULL) >= 0) {
        return name->engine;
    }
    const char *usual = csv_text(engines->hardware, hardware, "usual_engine");
    *assumed = also(*assumed,
                    arena_format(arena, "engine '%.60s' is not in engines.csv: taken as %s",
                                 name->engine, usual),
                    arena);
    return usual;
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
    PROPERTY("block_rate_factor", engine.block_rate_factor, 1, 1),
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
    static const char *const admissions[] = {"prompt", "answer"};
    for (size_t i = 0; i < sizeof properties / sizeof properties[0]; i++) {
        double value = engines_number(engines, name, properties[i].column);
        double *place = (double *)(void *)((char *)scenario + properties[i].offset);
        *place = isfinite(value) ? value * properties[i].unit : properties[i].otherwise;
    }
    scenario->policy = choice(engines_text(engines, name, "policy"), policies, 3);
    scenario->admission = choice(engines_text(engines, name, "admission"), admissions, 2);
    scenario->memory_rule = choice(engines_text(engines, name, "memory_rule"), rules, 3);
    scenario->max_num_seqs = engines_count(engines, name, "max_num_seqs", 256);
    scenario->max_num_batched_tokens =
        engines_count(engines, name, "max_num_batched_tokens", 8192);
    scenario->block_tokens = engines_count(engines, name, "block_tokens", 16);
    const char *buckets = engines_text(engines, name, "prefill_buckets");
    scenario->engine.prefill_buckets = buckets[0] == '\0' ? "none" : buckets;
}

/* The model of a row of models.csv. */
static struct model *shape(const struct csv *csv, int64_t row, struct arena *arena)
{
#define COUNT(column) csv_count(csv, row, column, 0)
    struct model *model = arena_alloc(arena, sizeof *model);
    *model = (struct model){.name = csv_text(csv, row, "model"),
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
                            .linear_state = COUNT("linear_state"),
                            .block_scales = COUNT("block_scales") == 1};
#undef COUNT
    model->max_positions = 1 << 20;
    return model;
}

/* How far a model's counts are from those a name tells: logarithms of their ratios. */
static double distance(const struct model *model, const struct names_size *size)
{
    double apart = fabs(log(model_parameters(model) / size->parameters));
    bool mixture = model->expert_count > 0;
    if (size->active > 0) {
        apart += fabs(log(model_active_parameters(model) / size->active));
    }
    return mixture == size->mixture && model->linear_layers == 0 ? apart : (double)INFINITY;
}

/* The shape nearest to the size that a name tells, with more or fewer layers. */
static struct model *sibling(const struct csv *csv, const char *name, struct arena *arena)
{
    struct names_size size;
    struct model *found = NULL;
    for (int64_t row = 0; names_size(name, &size) && row < csv->row_count; row++) {
        struct model *model = shape(csv, row, arena);
        if (isfinite(distance(model, &size)) &&
            (found == NULL || distance(model, &size) < distance(found, &size))) {
            found = model;
        }
    }
    if (found != NULL) {
        double vocabulary = model_embedding_parameters(found);
        double layer = (model_parameters(found) - vocabulary) / (double)found->layers;
        found->layers = (int64_t)fmax(round((size.parameters - vocabulary) / layer), 1);
        found->window_layers = found->window_layers > 0 ? found->layers / 2 : 0;
        found->dense_layers =
            (int64_t)fmin((double)found->dense_layers, (double)found->layers - 1);
    }
    return found;
}

const char *engines_published(const struct engines *engines, const char *name)
{
    int64_t row = names_model(engines->models, name);
    return row < 0 ? "" : csv_text(engines->models, row, "published_weights");
}

struct model *engines_model(const struct engines *engines, const char *name,
                            const char **assumed, struct arena *arena, struct error *error)
{
    int64_t row = names_model(engines->models, name);
    if (row >= 0) {
        return shape(engines->models, row, arena);
    }
    struct model *model = sibling(engines->models, name, arena);
    int64_t other = names_other_version(engines->models, name);
    if (model == NULL && other >= 0) {
        model = shape(engines->models, other, arena);
    }
    if (model == NULL) {
        error_fill(error, ERROR_INPUT,
                   "model '%.60s' is not in models.csv, and its name tells no count of "
                   "parameters; add a row with its shape",
                   name);
        return NULL;
    }
    *assumed = also(
        *assumed,
        arena_format(arena, "model '%.60s' is not in models.csv: taken as %lld layers of %s",
                     name, (long long)model->layers, model->name),
        arena);
    return model;
}
