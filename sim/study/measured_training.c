/* SPDX-License-Identifier: Apache-2.0 */
/* Where a row is silent one rule serves all rows: docs/ACCURACY.md, "What a row does not say".
 */
#include "study/measured_training.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "hardware/platform_part.h"
#include "study/measured_reading.h"

int64_t reading_count(const struct reading *reading, const char *column, int64_t otherwise)
{
    return csv_count(reading->row->csv, reading->row->row, column, otherwise);
}

bool reading_says(const struct reading *reading, const char *column, bool otherwise)
{
    static const char *const yes[] = {"1", "true", "yes", "on"};
    const char *text = reading_text(reading, column);
    bool says = text[0] == '\0' && otherwise;
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        says = says || strcasecmp(text, yes[i]) == 0;
    }
    return says;
}

const char *reading_text(const struct reading *reading, const char *column)
{
    return csv_text(reading->row->csv, reading->row->row, column);
}

bool reading_framework_says(const struct reading *reading, const char *column)
{
    return strcmp(csv_text(reading->machines->frameworks, reading->framework, column), "on") ==
           0;
}

/* Past what separates words in one spelling and not in another. */
static const char *letter(const char *text)
{
    return text + strspn(text, "-_ ");
}

static bool begins_like(const char *text, const char *word)
{
    for (word = letter(word); *word != '\0'; word = letter(word + 1)) {
        if (tolower((unsigned char)*text) != tolower((unsigned char)*word)) {
            return false;
        }
        text = letter(text + 1);
    }
    return true;
}

bool reading_holds(const char *text, const char *word)
{
    for (; *text != '\0'; text++) {
        if (begins_like(text, word)) {
            return true;
        }
    }
    return false;
}

/* Columns of the models' table, and of the rows' that say the same. */
enum shape {
    LAYERS,
    HIDDEN,
    HEADS,
    VOCAB,
    EXPERTS,
    KV_HEADS,
    HEAD_DIM,
    TOP_K,
    EXPERT_FFN,
    FFN,
    GATED
};
static const struct {
    const char *known, *stated;
} shape_columns[] = {[LAYERS] = {"layers", "layers"},
                     [HIDDEN] = {"hidden", "hidden"},
                     [HEADS] = {"heads", "heads"},
                     [VOCAB] = {"vocab", "vocab"},
                     [EXPERTS] = {"experts", "n_experts"},
                     [KV_HEADS] = {"kv_heads", "kv_heads"},
                     [HEAD_DIM] = {"head_dim", "head_dim"},
                     [TOP_K] = {"topk", "moe_topk"},
                     [EXPERT_FFN] = {"expert_ffn", "moe_ffn"},
                     [FFN] = {"ffn", "ffn"},
                     [GATED] = {"gated", "gated_mlp"}};

/* The published config.json of the shape that the row states, -1 when none is known: its size,
 * vocabulary and experts, and what else is stated of heads and experts. */
static int64_t known_model(const struct reading *reading)
{
    const struct csv *table = reading->machines->engines->models;
    for (int64_t row = 0; row < table->row_count; row++) {
        bool same = true;
        for (enum shape i = LAYERS; i <= EXPERT_FFN && same; i++) {
            int64_t is = csv_count(table, row, shape_columns[i].known, 0);
            same = reading_count(reading, shape_columns[i].stated, i <= EXPERTS ? 0 : is) == is;
        }
        if (same) {
            return row;
        }
    }
    return -1;
}

/* What a row says, or else the config of its shape. */
static int64_t shape_count(const struct reading *reading, int64_t known, enum shape column,
                           int64_t otherwise)
{
    const struct csv *table = reading->machines->engines->models;
    if (known >= 0) {
        otherwise = csv_count(table, known, shape_columns[column].known, otherwise);
    }
    return reading_count(reading, shape_columns[column].stated, otherwise);
}

/* What no column holds, from the published config.json of the same shape. */
static void complete_model(const struct csv *table, int64_t row, struct model *model)
{
    model->query_key_norm = csv_count(table, row, "qk_norm", 0) == 1;
    model->dense_layers = csv_count(table, row, "dense_layers", 0);
    model->biased_experts = model->clamped_experts =
        csv_count(table, row, "odd_experts", 0) == 1;
    model->window = csv_count(table, row, "window", 0);
    model->window_layers = csv_count(table, row, "window_layers", 0);
    model->router_groups = csv_count(table, row, "router_groups", 0);
    model->router_groups_chosen = csv_count(table, row, "router_groups_chosen", 0);
    model->prediction_layers = csv_count(table, row, "prediction_layers", 0);
}

/* Llama's family has gated MLPs, RMS norms, rotation and no offsets; GPT's has none of these.
 */
static struct model *row_model(const struct reading *reading)
{
    struct model *model = arena_alloc(reading->arena, sizeof *model);
    int64_t known = known_model(reading);
    bool gated = reading_says(reading, "gated_mlp", shape_count(reading, known, GATED, 0) == 1);
    int64_t hidden = reading_count(reading, "hidden", 0),
            heads = reading_count(reading, "heads", 0);
    *model = (struct model){.name = "measured",
                            .path = "",
                            .text = "",
                            .architecture = gated ? "gated" : "plain",
                            .layers = reading_count(reading, "layers", 0),
                            .hidden = hidden,
                            .heads = heads,
                            .kv_heads = shape_count(reading, known, KV_HEADS, heads),
                            .vocabulary = reading_count(reading, "vocab", 0),
                            .gated_mlp = gated,
                            .tied_embeddings = !gated,
                            .learned_positions = !gated,
                            .rotary = gated,
                            .layer_norm = !gated,
                            .biased = !gated};
    model->head_dim = shape_count(reading, known, HEAD_DIM, heads > 0 ? hidden / heads : 0);
    model->expert_count = reading_count(reading, "n_experts", 0);
    model->experts_per_token = shape_count(reading, known, TOP_K, 0);
    model->expert_ffn_hidden = shape_count(reading, known, EXPERT_FFN, 0);
    model->shared_ffn_hidden =
        reading_count(reading, "n_shared_experts", 0) * model->expert_ffn_hidden;
    if (reading_holds(reading_text(reading, "arch"),
                      "mla")) { /* DeepSeek's ranks, in units of its heads */
        model->query_rank = 12 * model->head_dim;
        model->key_value_rank = 4 * model->head_dim;
        model->position_dim = model->head_dim / 2;
    }
    model->ffn_hidden = shape_count(reading, known, FFN, model->expert_ffn_hidden);
    model->ffn_hidden = model->ffn_hidden > 0 ? model->ffn_hidden : 4 * hidden;
    model->max_positions = reading_count(reading, "seq_len", 0);
    model->attention_dropout = model->hidden_dropout =
        !gated && reading_framework_says(reading, "dropout");
    if (known >= 0) {
        complete_model(reading->machines->engines->models, known, model);
    }
    return model;
}

/* Empty cells leave a row out; others that are no sizes count against the simulation. */
static bool check_size(const struct reading *reading, const char *column, int64_t most,
                       struct error *error)
{
    const char *text = reading_text(reading, column);
    int64_t size = reading_count(reading, column, 0);
    if (text[strspn(text, " ")] == '\0') {
        return error_fill(error, ERROR_INPUT, "column %s is empty", column);
    }
    return (size >= 1 && size <= most) ||
           error_fill(error, ERROR_INPUT,
                      "column %s is '%.40s', expected a whole number from 1 to %lld", column,
                      text, (long long)most);
}

static bool need(const struct reading *reading, struct error *error)
{
    static const struct {
        const char *name;
        int64_t most;
    } columns[] = {{"n_chips", 1 << 20}, {"layers", 1 << 14}, {"hidden", 1 << 20},
                   {"heads", 1 << 14},   {"vocab", 1 << 24},  {"tp", 1 << 14},
                   {"pp", 1 << 12},      {"seq_len", 1 << 26}};
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        bool known =
            strcmp(columns[i].name, "vocab") == 0 && reading->row->kind == MEASURED_VTRAIN;
        if (!known && !check_size(reading, columns[i].name, columns[i].most, error)) {
            return false;
        }
    }
    bool mixture = reading_count(reading, "n_experts", 0) > 0;
    if (mixture && known_model(reading) < 0 &&
        (!check_size(reading, "moe_topk", 1 << 10, error) ||
         !check_size(reading, "moe_ffn", 1 << 20, error))) {
        return false;
    }
    if (reading->row->accelerator[0] == '\0') {
        return error_fill(error, ERROR_INPUT, "column accelerator is empty");
    }
    if (reading_count(reading, "gbs", 0) < 1 && reading_count(reading, "mbs", 0) < 1) {
        return error_fill(error, ERROR_INPUT, "columns gbs and mbs are empty");
    }
    return true;
}

static bool place(struct reading *reading, struct error *error)
{
    int64_t chips = reading_count(reading, "n_chips", 1);
    reading->machine = machines_find(reading->machines, reading->row->accelerator,
                                     reading_count(reading, "chips_per_node", 8),
                                     reading_text(reading, "system"));
    if (reading->machine < 0) {
        return error_fill(
            error, ERROR_INPUT,
            "no machine for accelerator '%.60s' in machines.csv; add a row with its "
            "platform",
            reading->row->accelerator);
    }
    reading->ranks_per_chip =
        csv_count(reading->machines->table, reading->machine, "ranks_per_chip", 1);
    struct platform *whole = machines_platform(reading->machines, reading->machine, error);
    if (whole == NULL) {
        return false;
    }
    reading->result->platform = platform_part(whole, chips, reading->arena, error);
    return reading->result->platform != NULL;
}

struct training_case *measured_training_case(struct machines *machines,
                                             const struct measured_row *row,
                                             struct arena *arena, struct error *error)
{
    struct reading reading = {.machines = machines, .row = row, .arena = arena};
    reading.result = arena_alloc(arena, sizeof *reading.result);
    reading.framework = machines_framework(machines, row->kind == MEASURED_VTRAIN
                                                         ? "Megatron-LM"
                                                         : reading_text(&reading, "framework"));
    if (!need(&reading, error) || !place(&reading, error)) {
        return NULL;
    }
    struct scenario *scenario = arena_alloc(arena, sizeof *scenario);
    reading.result->scenario = scenario;
    *scenario = (struct scenario){.kind = SCENARIO_TRAINING,
                                  .name = "measured",
                                  .title = "a measured row",
                                  .path = "",
                                  .text = "",
                                  .model = row_model(&reading),
                                  .sequence_tokens = reading_count(&reading, "seq_len", 1),
                                  .coalesce = true};
    measured_plan(&reading, &scenario->plan);
    int64_t ranks = platform_chips(reading.result->platform) /
                    (scenario->plan.tensor_parallel * scenario->plan.pipeline_parallel *
                     scenario->plan.context_parallel);
    int64_t sequences = reading_count(&reading, "gbs",
                                      scenario->plan.micro_batch * ranks *
                                          reading_count(&reading, "n_microbatches", 1));
    if (row->kind == MEASURED_VTRAIN) {
        scenario->model->vocabulary = 51200;
    }
    scenario->batch_tokens = sequences * scenario->sequence_tokens;
    measured_fit(&reading, &scenario->plan);
    int64_t wave = ranks * scenario->plan.micro_batch;
    int64_t used = wave > 0 ? (sequences + wave - 1) / wave * wave : sequences;
    if (wave > 0 && used / wave % scenario->plan.pipeline_parallel != 0) {
        scenario->plan.virtual_stages = 1; /* interleaving needs whole rounds */
    }
    reading.result->batch_fraction = (double)sequences / (double)used;
    return reading.result;
}

double measured_training_time_s(const struct csv *csv, int64_t row)
{
    double time_s = csv_number(csv, row, "iter_time_s");
    double chips = csv_number(csv, row, "n_chips");
    double sequences = csv_number(csv, row, "gbs"), length = csv_number(csv, row, "seq_len");
    if (!isfinite(sequences)) {
        sequences = csv_number(csv, row, "mbs") * csv_number(csv, row, "dp");
    }
    if (isfinite(time_s)) {
        return time_s;
    }
    double rate = csv_number(csv, row, "tokens_per_s_per_chip");
    if (isfinite(rate)) {
        return sequences * length / (rate * chips);
    }
    return sequences / csv_number(csv, row, "seq_per_s");
}
