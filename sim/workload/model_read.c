/* SPDX-License-Identifier: Apache-2.0 */
/* Two tables: what an architecture implies (none is linear), and which fields fill what. */
#include "workload/model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/file.h"
#include "workload/model_positions.h"

enum { CONFIG_LIMIT_BYTES = 1 << 20, FIELD_NAMES_SIZE = 96 };
static const int64_t FIELD_LIMIT = INT64_C(1) << 31;

enum trait {                  /* what the name of an architecture says beyond its fields */
             GATED = 1,       /* MLP with a gate */
             ROTARY = 2,      /* positions by rotation */
             LEARNED = 4,     /* positions by a table */
             LAYER_NORM = 8,  /* norms with offsets */
             BIASED = 16,     /* offsets in all linear layers */
             QKV_BIASED = 32, /* offsets in those of Q, K and V */
             QUERY_KEY_NORM = 64,
             TIED = 128,   /* one embedding for input and output when the config does not say */
             LATENT = 256, /* keys and values from one latent vector a token */
             LLAMA = GATED | ROTARY,
             GPT = LEARNED | LAYER_NORM | BIASED | TIED
};

struct architecture {
    const char *name;
    unsigned traits;
    const char *experts, *expert_ffn; /* field names of a mixture, or NULL */
    const char *shared_ffn, *dense_layers;
};

static const struct architecture architectures[] = {
    {"LlamaForCausalLM", LLAMA, NULL, NULL, NULL, NULL},
    {"MistralForCausalLM", LLAMA, NULL, NULL, NULL, NULL},
    {"Qwen2ForCausalLM", LLAMA | QKV_BIASED, NULL, NULL, NULL, NULL},
    {"Qwen3ForCausalLM", LLAMA | QUERY_KEY_NORM, NULL, NULL, NULL, NULL},
    {"GPT2LMHeadModel", GPT, NULL, NULL, NULL, NULL},
    {"GPT3LMHeadModel", GPT, NULL, NULL, NULL, NULL},
    {"OPTForCausalLM", GPT, NULL, NULL, NULL, NULL},
    {"BloomForCausalLM", LAYER_NORM | BIASED | TIED, NULL, NULL, NULL, NULL},
    {"MixtralForCausalLM", LLAMA, "num_local_experts", "intermediate_size", NULL, NULL},
    {"MiniMaxM2ForCausalLM", LLAMA | QUERY_KEY_NORM, "num_local_experts", "intermediate_size",
     NULL, NULL},
    {"Qwen3MoeForCausalLM", LLAMA | QUERY_KEY_NORM, "num_experts", "moe_intermediate_size",
     NULL, NULL},
    {"GptOssForCausalLM", LLAMA | QKV_BIASED, "num_local_experts", "intermediate_size", NULL,
     NULL},
    {"DeepseekV2ForCausalLM", LLAMA | LATENT, "n_routed_experts", "moe_intermediate_size",
     "n_shared_experts", "first_k_dense_replace"},
    {"DeepseekV3ForCausalLM", LLAMA | LATENT, "n_routed_experts", "moe_intermediate_size",
     "n_shared_experts", "first_k_dense_replace"},
    {"Glm4MoeForCausalLM", LLAMA | QKV_BIASED | QUERY_KEY_NORM, "n_routed_experts",
     "moe_intermediate_size", "n_shared_experts", "first_k_dense_replace"},
};
enum { ARCHITECTURE_COUNT = sizeof architectures / sizeof architectures[0] };

struct reader { /* a config while it is read */
    struct model *model;
    json_t *root;
    const char *path, *text;
    struct error *error;
};

/* jansson keeps no places of values: a field's line is where its quoted name first stands. */
static int line_of(const struct reader *reader, const char *field)
{
    char quoted[FIELD_NAMES_SIZE];
    snprintf(quoted, sizeof quoted, "\"%s\"", field);
    const char *place = strstr(reader->text, quoted);
    place = place == NULL ? strchr(reader->text, '{') : place;
    int line = 1;
    for (const char *at = reader->text; place != NULL && at < place; at++) {
        line += *at == '\n';
    }
    return line;
}

static bool missing(const struct reader *reader, const char *names)
{
    return error_at(reader->error, ERROR_INPUT, reader->path, line_of(reader, ""), 0,
                    "%s has no field '%s', expected a whole number; add it as in the "
                    "publisher's config.json",
                    reader->model->architecture, names);
}

static bool read_count(const struct reader *reader, const char *field, const json_t *value,
                       int64_t low, int64_t *count)
{
    int64_t read = json_is_integer(value) ? (int64_t)json_integer_value(value) : -1;
    if (read < low || read > FIELD_LIMIT) {
        return error_at(reader->error, ERROR_INPUT, reader->path, line_of(reader, field), 0,
                        "'%s' is %s, expected a whole number from %lld to %lld; correct it",
                        field, json_is_integer(value) ? "out of range" : "not a whole number",
                        (long long)low, (long long)FIELD_LIMIT);
    }
    *count = read;
    return true;
}

/* The first of the names (separated by '|') that the config has; null counts as absent. */
static const json_t *find(const struct reader *reader, const char *names,
                          char found[FIELD_NAMES_SIZE])
{
    while (*names != '\0') {
        size_t length = strcspn(names, "|");
        snprintf(found, FIELD_NAMES_SIZE, "%.*s", (int)length, names);
        const json_t *value = json_object_get(reader->root, found);
        if (value != NULL && !json_is_null(value)) {
            return value;
        }
        names += length + (names[length] == '|');
    }
    return NULL;
}

static bool required(const struct reader *reader, const char *names, int64_t *count)
{
    char field[FIELD_NAMES_SIZE];
    const json_t *value = find(reader, names, field);
    return value == NULL ? missing(reader, names) : read_count(reader, field, value, 1, count);
}

static bool optional(const struct reader *reader, const char *names, int64_t fallback,
                     int64_t *count)
{
    char field[FIELD_NAMES_SIZE];
    const json_t *value = find(reader, names, field);
    *count = fallback;
    return value == NULL || read_count(reader, field, value, 0, count);
}

static bool flag(const struct reader *reader, const char *names, bool fallback)
{
    char field[FIELD_NAMES_SIZE];
    const json_t *value = find(reader, names, field);
    return value == NULL ? fallback : json_is_true(value);
}

static bool dropout(const struct reader *reader, const char *names)
{
    char field[FIELD_NAMES_SIZE];
    const json_t *value = find(reader, names, field);
    return value != NULL && json_number_value(value) > 0;
}

static bool read_dimensions(const struct reader *reader)
{
    struct model *model = reader->model;
    bool read = required(reader, "num_hidden_layers|n_layer", &model->layers) &&
                required(reader, "hidden_size|n_embd|n_embed|d_model", &model->hidden) &&
                required(reader, "num_attention_heads|n_head", &model->heads) &&
                required(reader, "vocab_size", &model->vocabulary) &&
                optional(reader, "num_key_value_heads", model->heads, &model->kv_heads) &&
                optional(reader, "head_dim", 0, &model->head_dim) &&
                optional(reader, "max_position_embeddings|n_positions|n_ctx|seq_length", 0,
                         &model->max_positions);
    if (read && model->head_dim == 0 && model->hidden % model->heads == 0) {
        model->head_dim = model->hidden / model->heads;
    }
    model->max_positions = model_positions_scaled(reader->root, model->max_positions);
    return read;
}

/* GPT-2 and BLOOM leave the width of the MLP out when it is four times the hidden size. */
static bool read_mlp(const struct reader *reader, const struct architecture *architecture)
{
    struct model *model = reader->model;
    const char *names = "intermediate_size|ffn_dim|n_inner";
    return (architecture->traits & BIASED) != 0
               ? optional(reader, names, 4 * model->hidden, &model->ffn_hidden)
               : required(reader, names, &model->ffn_hidden);
}

static bool refuse_field(const struct reader *reader, const char *field, const char *expected)
{
    return error_at(
        reader->error, ERROR_INPUT, reader->path, line_of(reader, field), 0,
        "'%s' of %s is not one that can be simulated, expected %s; use another model", field,
        reader->model->architecture, expected);
}

/* Only mixtures in which every layer after the first dense ones has experts are modelled. */
static bool check_sparse_layers(const struct reader *reader)
{
    const json_t *step = json_object_get(reader->root, "decoder_sparse_step");
    const json_t *dense = json_object_get(reader->root, "mlp_only_layers");
    if (json_is_integer(step) && json_integer_value(step) != 1) {
        return refuse_field(reader, "decoder_sparse_step", "1");
    }
    if (json_is_array(dense) && json_array_size(dense) > 0) {
        return refuse_field(reader, "mlp_only_layers", "an empty list");
    }
    return true;
}

static bool read_mixture(const struct reader *reader, const struct architecture *architecture)
{
    struct model *model = reader->model;
    bool read = required(reader, architecture->experts, &model->expert_count) &&
                required(reader, "num_experts_per_tok", &model->experts_per_token) &&
                required(reader, architecture->expert_ffn, &model->expert_ffn_hidden) &&
                check_sparse_layers(reader);
    if (read && architecture->shared_ffn != NULL) {
        read = optional(reader, architecture->shared_ffn, 0, &model->shared_ffn_hidden);
        model->shared_ffn_hidden *= model->expert_ffn_hidden; /* a number of experts */
    }
    if (read && architecture->dense_layers != NULL) {
        read = optional(reader, architecture->dense_layers, 0, &model->dense_layers);
    }
    return read && optional(reader, "n_group", 0, &model->router_groups) &&
           optional(reader, "topk_group", 0, &model->router_groups_chosen) &&
           optional(reader, "num_nextn_predict_layers", 0, &model->prediction_layers);
}

static void read_traits(const struct reader *reader, unsigned traits)
{
    struct model *model = reader->model;
    model->gated_mlp = (traits & GATED) != 0;
    model->rotary = (traits & ROTARY) != 0;
    model->learned_positions = (traits & LEARNED) != 0;
    model->layer_norm = (traits & LAYER_NORM) != 0;
    model->biased = (traits & BIASED) != 0;
    model->qkv_biased = flag(reader, "attention_bias", (traits & QKV_BIASED) != 0);
    model->query_key_norm = flag(reader, "use_qk_norm", (traits & QUERY_KEY_NORM) != 0);
    model->tied_embeddings = flag(reader, "tie_word_embeddings", (traits & TIED) != 0);
    model->attention_dropout = dropout(reader, "attention_dropout|attn_pdrop");
    model->hidden_dropout = dropout(reader, "hidden_dropout|resid_pdrop|dropout");
    const json_t *format = json_object_get(reader->root, "quantization_config");
    model->block_scales = json_is_array(json_object_get(format, "weight_block_size"));
}

static bool wrong_shape(const struct reader *reader, const char *field, const char *expected)
{
    return error_at(reader->error, ERROR_INPUT, reader->path, line_of(reader, field), 0,
                    "'%s' does not fit the other fields, expected %s; correct it", field,
                    expected);
}

/* Latent attention; heads whose keys without positions are as wide as values. */
static bool read_latent(const struct reader *reader)
{
    struct model *model = reader->model;
    int64_t key = 0;
    bool read = required(reader, "kv_lora_rank", &model->key_value_rank) &&
                optional(reader, "q_lora_rank", 0, &model->query_rank) &&
                required(reader, "qk_rope_head_dim", &model->position_dim) &&
                required(reader, "qk_nope_head_dim", &key) &&
                required(reader, "v_head_dim", &model->head_dim);
    model->kv_heads = model->heads;
    return read && (key == model->head_dim ||
                    wrong_shape(reader, "qk_nope_head_dim", "as many as v_head_dim"));
}

/* Layers with a window: those that layer_types names, else those from max_window_layers on. */
static bool read_window(const struct reader *reader)
{
    struct model *model = reader->model;
    const json_t *types = json_object_get(reader->root, "layer_types");
    int64_t full = 0;
    bool read = optional(reader, "sliding_window", 0, &model->window) &&
                optional(reader, "max_window_layers", 0, &full);
    if (!read || model->window == 0 || !flag(reader, "use_sliding_window", true)) {
        model->window = 0;
        return read;
    }
    bool named = json_is_array(types);
    model->window_layers = named || full > model->layers ? 0 : model->layers - full;
    for (size_t i = 0; i < json_array_size(types); i++) {
        const char *type = json_string_value(json_array_get(types, i));
        model->window_layers += type != NULL && strcmp(type, "sliding_attention") == 0;
    }
    return model->window_layers <= model->layers ||
           wrong_shape(reader, "layer_types", "one of each layer");
}

static bool check_shape(const struct reader *reader)
{
    const struct model *model = reader->model;
    if (model->head_dim == 0) {
        return wrong_shape(reader, "num_attention_heads",
                           "a divisor of hidden_size, or head_dim");
    }
    if (model->kv_heads == 0 || model->heads % model->kv_heads != 0) {
        return wrong_shape(reader, "num_key_value_heads", "a divisor of num_attention_heads");
    }
    if (model->ffn_hidden == 0) {
        return wrong_shape(reader, "intermediate_size", "1 or more");
    }
    if (model->expert_count > 0 && model->experts_per_token > model->expert_count) {
        return wrong_shape(reader, "num_experts_per_tok", "at most the number of experts");
    }
    if (model->dense_layers > model->layers) {
        return wrong_shape(reader, "first_k_dense_replace", "at most num_hidden_layers");
    }
    if (model->learned_positions && model->max_positions == 0) {
        return missing(reader, "max_position_embeddings");
    }
    return true;
}

static bool unknown_architecture(const struct reader *reader, const char *name)
{
    char known[512] = "";
    for (int i = 0; i < ARCHITECTURE_COUNT; i++) {
        size_t length = strlen(known);
        snprintf(known + length, sizeof known - length, "%s%s", i > 0 ? ", " : "",
                 architectures[i].name);
    }
    return error_at(reader->error, ERROR_INPUT, reader->path, line_of(reader, "architectures"),
                    0, "architecture '%.60s' is not known, expected one of %s", name, known);
}

static const struct architecture *find_architecture(const struct reader *reader)
{
    const json_t *list = json_object_get(reader->root, "architectures");
    const char *name = json_string_value(json_array_get(list, 0));
    if (name == NULL) {
        error_at(reader->error, ERROR_INPUT, reader->path, line_of(reader, "architectures"), 0,
                 "the config has no field 'architectures' with a name in it, expected for "
                 "example [\"LlamaForCausalLM\"]; add it as in the publisher's config.json");
        return NULL;
    }
    for (int i = 0; i < ARCHITECTURE_COUNT; i++) {
        if (strcmp(architectures[i].name, name) == 0) {
            return &architectures[i];
        }
    }
    unknown_architecture(reader, name);
    return NULL;
}

static bool read_model(const struct reader *reader)
{
    const struct architecture *architecture = find_architecture(reader);
    if (architecture == NULL) {
        return false;
    }
    reader->model->architecture = architecture->name;
    read_traits(reader, architecture->traits);
    bool latent = (architecture->traits & LATENT) != 0;
    return read_dimensions(reader) && (!latent || read_latent(reader)) && read_window(reader) &&
           read_mlp(reader, architecture) &&
           (architecture->experts == NULL || read_mixture(reader, architecture)) &&
           check_shape(reader);
}

static json_t *parse(const struct reader *reader, size_t size)
{
    json_error_t problem;
    json_t *root = json_loadb(reader->text, size, JSON_REJECT_DUPLICATES, &problem);
    if (root != NULL && json_is_object(root)) {
        return root;
    }
    if (root != NULL) {
        json_decref(root);
        error_at(reader->error, ERROR_INPUT, reader->path, 1, 0,
                 "the file is no JSON object, expected a config.json with { and }");
        return NULL;
    }
    error_at(reader->error, ERROR_INPUT, reader->path, problem.line > 0 ? problem.line : 1,
             problem.column > 0 ? problem.column : 0,
             "not valid JSON (%s); correct it at this place", problem.text);
    return NULL;
}

static const char *name_of(const char *path, struct arena *arena)
{
    const char *slash = strrchr(path, '/');
    const char *file = slash == NULL ? path : slash + 1;
    size_t length = strlen(file);
    bool suffixed = length > 5 && strcmp(file + length - 5, ".json") == 0;
    return arena_format(arena, "%.*s", (int)(suffixed ? length - 5 : length), file);
}

struct model *model_read(const char *path, struct arena *arena, struct error *error)
{
    size_t size;
    const char *text = file_read(path, CONFIG_LIMIT_BYTES, &size, arena, error);
    if (text == NULL) {
        return NULL;
    }
    struct model *model = arena_alloc(arena, sizeof *model);
    struct reader reader = {.model = model, .path = path, .text = text, .error = error};
    reader.root = parse(&reader, size);
    if (reader.root == NULL) {
        return NULL;
    }
    model->path = arena_text(arena, path);
    model->text = text;
    model->name = name_of(path, arena);
    bool read = read_model(&reader);
    json_decref(reader.root);
    return read ? model : NULL;
}
