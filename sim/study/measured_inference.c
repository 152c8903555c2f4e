/* SPDX-License-Identifier: Apache-2.0 */
/* From the cells of a row to a scenario of one replica. Where a row is silent one rule serves
 * all rows: docs/ACCURACY.md, "What a row does not say". */
#include "study/measured_inference.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hardware/platform_part.h"
#include "study/measured_dtypes.h"
#include "study/measured_load.h"
#include "study/names.h"
#include "workload/scenario_key.h"

struct reading {
    struct machines *machines;
    const struct engines *engines;
    const struct csv *csv;
    int64_t row, hardware, cores;
    struct engine_name engine;
    struct arena *arena;
    struct inference_case *result;
};

static const char *text(const struct reading *reading, const char *column)
{
    return csv_text(reading->csv, reading->row, column);
}

static double number(const struct reading *reading, const char *column, double otherwise)
{
    double value = csv_number(reading->csv, reading->row, column);
    return isfinite(value) ? value : otherwise;
}

/* The first number in a text; otherwise when there is none. */
static double first_number(const char *text, double otherwise)
{
    while (*text != '\0' && !isdigit((unsigned char)*text)) {
        text++;
    }
    return *text == '\0' ? otherwise : strtod(text, NULL);
}

/* The number behind a letter code, "dp8" in "1x(tp1 pp1 dp8 ep8)". */
static double coded(const char *text, const char *code, double otherwise)
{
    const char *found = strstr(text, code);
    return found == NULL ? otherwise : strtod(found + strlen(code), NULL);
}

/* What is measured */

static double milliseconds(const struct csv *csv, int64_t row, const char *column)
{
    return csv_number(csv, row, column) / 1e3;
}

static enum inference_metric either(const struct csv *csv, int64_t row, const char *mean,
                                    const char *middle, enum inference_metric mean_metric,
                                    double *measured)
{
    *measured = milliseconds(csv, row, mean);
    if (isfinite(*measured) && *measured > 0) {
        return mean_metric;
    }
    *measured = milliseconds(csv, row, middle);
    return isfinite(*measured) && *measured > 0 ? mean_metric + 1 : METRIC_NONE;
}

enum inference_metric measured_inference_metric(const struct csv *csv, int64_t row, bool first,
                                                double *measured)
{
    const char *load = csv_text(csv, row, "load_type");
    if (first) {
        enum inference_metric mean =
            either(csv, row, "ttft_mean_ms", "ttft_p50_ms", METRIC_TTFT_MEAN, measured);
        return mean;
    }
    bool whole = strncmp(load, "offline", 7) == 0 || strncmp(load, "burst", 5) == 0;
    if (!whole) {
        enum inference_metric metric =
            either(csv, row, "tpot_mean_ms", "tpot_p50_ms", METRIC_TPOT_MEAN, measured);
        if (metric != METRIC_NONE) {
            return metric;
        }
    }
    *measured = csv_number(csv, row, "out_tok_s_total");
    return isfinite(*measured) && *measured > 0 ? METRIC_OUTPUT_RATE : METRIC_NONE;
}

double measured_inference_value(const struct inference_result *result,
                                enum inference_metric metric)
{
    switch (metric) {
    case METRIC_TPOT_MEAN:
        return result->tpot_mean_s;
    case METRIC_TPOT_P50:
        return result->tpot_p50_s;
    case METRIC_OUTPUT_RATE:
        return result->output_per_s;
    case METRIC_TTFT_MEAN:
        return result->ttft_mean_s;
    case METRIC_TTFT_P50:
        return result->ttft_p50_s;
    case METRIC_NONE:
        break;
    }
    return (double)NAN;
}

/* Degrees: of one replica, in chips. */

struct degrees {
    double tensor, pipeline, expert, parts; /* tensor: chips of a stage */
};

static double degree(const struct reading *reading, const char *column)
{
    return fmax(number(reading, column, 1), 1);
}

/* Parts of a stage with requests of their own: as stated; as many as experts are spread wider
 * than attention; or, where neither is stated, one a chip for latent attention beside experts
 * that are spread over the stage, for its cache cannot be cut. */
static double stated_parts(const struct reading *reading, const struct model *model,
                           double tensor)
{
    const char *data = text(reading, "dp");
    double experts = number(reading, "ep", 1);
    if (strstr(data, "attention DP") != NULL) {
        return first_number(data, tensor);
    }
    if (experts > tensor) {
        return experts / tensor;
    }
    bool spread = experts > 1 && experts >= tensor;
    return data[0] == '\0' && spread && model->key_value_rank > 0 ? tensor : 0;
}

static struct degrees row_degrees(const struct reading *reading, const struct model *model,
                                  double chips)
{
    const char *experts = text(reading, "ep");
    double tensor = degree(reading, "tp") / (double)reading->cores;
    struct degrees degrees = {.pipeline = degree(reading, "pp"), .parts = 1};
    double parts = stated_parts(reading, model, tensor);
    bool attention = parts > 0;
    tensor = fmin(fmax(tensor, fmin(1, chips)), fmax(chips / degrees.pipeline, 1));
    degrees.expert = strcmp(experts, "on") == 0 ? tensor : degree(reading, "ep");
    degrees.expert /= degrees.expert >= (double)reading->cores ? (double)reading->cores : 1;
    degrees.tensor = ceil(attention ? fmax(parts, tensor) : fmax(tensor, degrees.expert));
    degrees.tensor = fmin(degrees.tensor, fmax(chips, 1));
    degrees.expert = fmin(degrees.expert, degrees.tensor);
    if (attention) {
        degrees.expert = degrees.tensor;
        degrees.parts = fmin(parts, degrees.tensor);
    }
    return degrees;
}

static struct degrees pool_degrees(const char *config)
{
    double tensor = coded(config, "tp", 1), parts = coded(config, "dp", 1);
    double expert = coded(config, "ep", 1);
    double chips = fmax(tensor * parts, expert); /* experts beyond a replica join several */
    parts = chips > tensor * parts ? chips / tensor : parts;
    return (struct degrees){.tensor = chips,
                            .pipeline = coded(config, "pp", 1),
                            .expert = fmin(fmax(expert, parts), chips),
                            .parts = parts};
}

static double weights_bytes(const struct model *model, const struct serving_scenario *scenario)
{
    return model_parameters(model) * dtype_bytes(scenario->weight_dtype);
}

/* Not stated: the fewest chips whose memory the weights leave a quarter of. */
static double least_chips(const struct model *model, const struct serving_scenario *scenario,
                          const struct chip *chip)
{
    double chips = 1;
    while (chips < 8 && weights_bytes(model, scenario) > 0.75 * chips * chip->hbm_bytes) {
        chips *= 2;
    }
    return chips;
}

static void lay_out(const struct reading *reading, struct degrees degrees,
                    struct serving_scenario *scenario)
{
    scenario->tensor_parallel = (int64_t)degrees.tensor;
    scenario->pipeline_parallel = (int64_t)degrees.pipeline;
    scenario->expert_parallel = (int64_t)degrees.expert;
    scenario->attention_data_parallel = (int64_t)degrees.parts;
    scenario->tensor_shards =
        reading->cores > 1 ? (int64_t)fmax(number(reading, "tp", 1), degrees.tensor) : 0;
    scenario->replicas = 1;
    scenario->max_num_batched_tokens *= scenario->attention_data_parallel;
}

static struct platform *pool_platform(const struct reading *reading, struct degrees degrees,
                                      struct error *error)
{
    struct platform *whole = machines_hardware(reading->machines, reading->hardware, error);
    return whole == NULL ? NULL
                         : platform_part(whole, (int64_t)(degrees.tensor * degrees.pipeline),
                                         reading->arena, error);
}

static void apply_defaults(struct scenario *scenario, struct arena *arena)
{
    struct error none = {0};
    for (int i = 0; i < scenario_key_count(); i++) {
        const struct scenario_key *key = scenario_key_at(i);
        if (key->fallback != NULL && strncmp(key->name, "serving.", 8) == 0) {
            scenario_key_apply(key, key->fallback, scenario, arena, &none);
        }
    }
}

/* The scenario of a replica, but for its load. */
static struct scenario *make_scenario(const struct reading *reading, struct model *model,
                                      const struct chip *chip)
{
    struct scenario *scenario = arena_alloc(reading->arena, sizeof *scenario);
    struct serving_scenario *serving = &scenario->serving;
    *scenario = (struct scenario){.kind = SCENARIO_SERVING,
                                  .name = "measured",
                                  .title = "",
                                  .model = model,
                                  .coalesce = true,
                                  .seed = 1};
    apply_defaults(scenario, reading->arena);
    engines_apply(reading->engines, &reading->engine, serving);
    serving->slo_ttft_s = serving->slo_tpot_s = 1e9;
    serving->request_rows = 16;
    double tokens = first_number(text(reading, "max_num_batched_tokens"), 0);
    if (tokens > 0) {
        serving->max_num_batched_tokens = (int64_t)tokens;
    }
    struct measured_format format = {
        text(reading, "precision"),
        engines_text(reading->engines, &reading->engine, "narrow_kv"),
        engines_published(reading->engines, text(reading, "model"))};
    measured_dtypes_apply(&format, chip, serving);
    measured_load_draft(text(reading, "spec_decode"), model, serving);
    return scenario;
}

/* "4x(tp1 pp1 dp8 ep32)": four of eight chips, or one of 32 where their experts are shared. */
static int64_t pool_replicas(const char *config, struct degrees degrees)
{
    double stated = fmax(first_number(config, 1), 1);
    double chips = stated * coded(config, "tp", 1) * coded(config, "dp", 1);
    return (int64_t)fmax(floor(chips / degrees.tensor), 1);
}

/* Two pools, all replicas of both: what is prefilled by few is decoded by many. */
static bool make_pools(struct reading *reading, struct model *model, struct error *error)
{
    struct inference_case *result = reading->result;
    const char *first = text(reading, "prefill_cfg"), *then = text(reading, "decode_cfg");
    struct degrees prefill = pool_degrees(first), decode = pool_degrees(then);
    result->prefill = pool_platform(reading, prefill, error);
    result->platform = result->prefill == NULL ? NULL : pool_platform(reading, decode, error);
    if (result->platform == NULL) {
        return false;
    }
    result->scenario = make_scenario(reading, model, platform_chip(result->platform, 0));
    struct serving_scenario *serving = &result->scenario->serving;
    int64_t tokens = serving->max_num_batched_tokens;
    lay_out(reading, decode, serving);
    result->replicas = 1;
    serving->replicas = pool_replicas(then, decode);
    serving->router = ROUTER_LEAST_LOADED;
    serving->prefill_replicas = pool_replicas(first, prefill);
    serving->prefill_tensor_parallel = (int64_t)prefill.tensor;
    serving->prefill_pipeline_parallel = (int64_t)prefill.pipeline;
    serving->prefill_expert_parallel = (int64_t)prefill.expert;
    serving->prefill_attention_data_parallel = (int64_t)prefill.parts;
    serving->prefill_max_num_batched_tokens = tokens * (int64_t)prefill.parts;
    return measured_load_apply(reading->engines, reading->csv, reading->row, &reading->engine,
                               1, result->scenario, reading->arena, error);
}

static bool make_replicas(struct reading *reading, struct model *model, struct error *error)
{
    struct inference_case *result = reading->result;
    double chips = number(reading, "n_chips", 1);
    struct platform *whole = machines_hardware(reading->machines, reading->hardware, error);
    if (whole == NULL) {
        return false;
    }
    const struct chip *chip = platform_chip(whole, 0);
    result->scenario = make_scenario(reading, model, chip);
    struct degrees degrees = row_degrees(reading, model, chips);
    if (text(reading, "tp")[0] == '\0') {
        degrees.tensor = least_chips(model, &result->scenario->serving, chip);
        degrees.tensor = fmin(degrees.tensor, chips);
    }
    result->platform = pool_platform(reading, degrees, error);
    if (result->platform == NULL) {
        return false;
    }
    result->replicas = (int64_t)fmax(chips / (degrees.tensor * degrees.pipeline), 1);
    result->least_s = measured_load_least_s(reading->csv, reading->row);
    lay_out(reading, degrees, &result->scenario->serving);
    return measured_load_apply(reading->engines, reading->csv, reading->row, &reading->engine,
                               result->replicas, result->scenario, reading->arena, error);
}

static bool find_tables(struct reading *reading, struct error *error)
{
    const struct csv *hardware = reading->engines->hardware;
    reading->hardware = names_hardware(hardware, text(reading, "hardware"));
    if (reading->hardware < 0) {
        return error_fill(
            error, ERROR_INPUT,
            "hardware '%.60s' is not in hardware.csv; add a row with its platform",
            text(reading, "hardware"));
    }
    reading->cores = csv_count(hardware, reading->hardware, "cores_per_chip", 1);
    bool apart = text(reading, "prefill_cfg")[0] != '\0';
    reading->engine = (struct engine_name){
        arena_format(reading->arena, "%s%s", text(reading, "engine"),
                     apart ? " disaggregated" : ""),
        text(reading, "engine_version"), csv_text(hardware, reading->hardware, "hardware")};
    reading->engine.engine = engines_name(reading->engines, &reading->engine, reading->hardware,
                                          &reading->result->assumed, reading->arena);
    return true;
}

struct inference_case *measured_inference_case(struct machines *machines,
                                               const struct measured_row *row,
                                               struct arena *arena, struct error *error)
{
    struct reading reading = {.machines = machines,
                              .engines = machines->engines,
                              .csv = row->csv,
                              .row = row->row,
                              .arena = arena};
    reading.result = arena_alloc(arena, sizeof *reading.result);
    reading.result->assumed = "";
    if (!measured_load_stated(row->csv, row->row, error) || !find_tables(&reading, error)) {
        return NULL;
    }
    struct model *model = engines_model(machines->engines, text(&reading, "model"),
                                        &reading.result->assumed, arena, error);
    if (model == NULL) {
        return NULL;
    }
    bool apart = text(&reading, "prefill_cfg")[0] != '\0';
    bool made =
        apart ? make_pools(&reading, model, error) : make_replicas(&reading, model, error);
    return made ? reading.result : NULL;
}
