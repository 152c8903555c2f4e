/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of kernel tables: their columns as products, attention calls and traffic. */
#include <math.h>
#include <string.h>

#include "study/kernel_mixture.h"
#include "study/kernel_tables.h"
#include "study/kernel_works.h"

struct reading {
    struct machines *machines;
    const struct chip *chip;
    const struct measured_row *row;
    struct engine_call call;
    struct error *error;
};

static const char *text(const struct reading *reading, const char *name)
{
    return csv_text(reading->row->csv, reading->row->row, name);
}

static double number(const struct reading *reading, const char *name)
{
    return csv_number(reading->row->csv, reading->row->row, name);
}

static bool format_read(const struct reading *reading, const char *column,
                        struct number_format *format)
{
    return number_format_read(text(reading, column), format) ||
           error_fill(reading->error, ERROR_INPUT,
                      "%s is '%.40s', a number format that is not modelled", column,
                      text(reading, column));
}

static struct product plain(double m, double n, double k)
{
    return (struct product){.batch = 1, .m = m, .n = n, .k = k};
}

static double cache_bytes(const struct reading *reading)
{
    bool narrow = strncmp(text(reading, "kv_cache_dtype"), "fp8", 3) == 0 ||
                  strncmp(text(reading, "kv_cache_dtype"), "int8", 4) == 0;
    return narrow ? dtype_bytes(DTYPE_FP8) : dtype_bytes(DTYPE_BF16);
}

static bool gemm(const struct reading *reading, double *time_s)
{
    struct number_format format;
    if (!format_read(reading, "gemm_dtype", &format)) {
        return false;
    }
    struct product product =
        plain(number(reading, "m"), number(reading, "n"), number(reading, "k"));
    *time_s =
        fmax(product_s(reading->chip, &product, &format, &reading->call), reading->call.host_s);
    return true;
}

static bool attention(const struct reading *reading, double *time_s)
{
    double window = number(reading, "window_size"), kv_bytes = cache_bytes(reading);
    struct attention_shape shape = {.sequences = number(reading, "batch_size"),
                                    .heads = number(reading, "num_heads"),
                                    .kv_heads = number(reading, "num_key_value_heads"),
                                    .head_dim = number(reading, "head_dim"),
                                    .queries = number(reading, "isl"),
                                    .prefix = number(reading, "step"),
                                    .window = window > 0 ? window : 0,
                                    .causal = true,
                                    .cached = true,
                                    .narrow_cache = kv_bytes < dtype_bytes(DTYPE_BF16)};
    *time_s = kernel_attention_s(reading->chip, &shape, kv_bytes);
    return true;
}

/* Two grouped products with gate and value as one, activation between, weighted sum after. */
static bool mixture(const struct reading *reading, double *time_s)
{
    struct number_format format;
    if (!format_read(reading, "moe_dtype", &format)) {
        return false;
    }
    struct kernel_mixture mixture = {.law = text(reading, "distribution"),
                                     .tokens = number(reading, "num_tokens"),
                                     .hidden = number(reading, "hidden_size"),
                                     .chosen = number(reading, "topk"),
                                     .experts = number(reading, "num_experts"),
                                     .places = number(reading, "moe_ep_size"),
                                     .width = number(reading, "inter_size") /
                                              number(reading, "moe_tp_size")};
    *time_s = kernel_mixture_s(reading->chip, &mixture, &format, &reading->call);
    return true;
}

static double layer(const struct reading *reading, const char *module, const char *name,
                    const char *column)
{
    int64_t row = machines_layer(reading->machines, module, name);
    return row < 0 ? (double)NAN : csv_number(reading->machines->modules, row, column);
}

struct latent {
    double tokens, sequences, queries, prefix, heads;
    double hidden, query_rank, key_rank, position, head;
};

/* Scores over rank and positions, values over rank, one key for all heads; the cache is read
 * once for both. */
static double latent_decode_s(const struct reading *reading, const struct latent *latent)
{
    double width = latent->key_rank + latent->position, kv_bytes = cache_bytes(reading);
    struct attention_shape shape = {.sequences = latent->sequences,
                                    .heads = latent->heads,
                                    .kv_heads = 1,
                                    .head_dim = width,
                                    .queries = latent->queries,
                                    .prefix = latent->prefix,
                                    .causal = true,
                                    .cached = true};
    double keys = latent->prefix + (latent->queries + 1) / 2;
    double products = latent->tokens * keys * latent->heads * 2 * (width + latent->key_rank);
    double rate = reading->chip->array_flops_per_s[DTYPE_BF16] *
                  reading->chip->matmul_efficiency_fraction;
    /* kernel_attention_s counts keys and values; here they are one. */
    double call_s = kernel_attention_s(reading->chip, &shape, kv_bytes / 2);
    return fmax(call_s, products / rate);
}

static double latent_context_s(const struct reading *reading, const struct latent *latent)
{
    double both = latent->head + (latent->head + latent->position); /* values, keys */
    struct attention_shape shape = {.sequences = latent->sequences,
                                    .heads = latent->heads,
                                    .kv_heads = latent->heads,
                                    .head_dim = both / 2,
                                    .queries = latent->queries,
                                    .prefix = latent->prefix,
                                    .causal = true,
                                    .cached = true};
    return kernel_attention_s(reading->chip, &shape, dtype_bytes(DTYPE_BF16));
}

/* Projections of a latent attention block around its core. */
static double latent_products_s(const struct reading *reading, const struct latent *latent,
                                const struct number_format *format, bool folded)
{
    static const struct number_format wide = {DTYPE_BF16, 2, 2, false, false};
    double t = latent->tokens, h = latent->heads, all = t + latent->sequences * latent->prefix;
    struct product in =
        plain(t, latent->query_rank + latent->key_rank + latent->position, latent->hidden);
    struct product query = plain(t, h * (latent->head + latent->position), latent->query_rank);
    struct product out = plain(t, latent->hidden, h * latent->head);
    struct product unfold = plain(all, 2 * h * latent->head, latent->key_rank);
    struct product fold = plain(t, latent->key_rank, latent->head);
    fold.batch = h;
    struct engine_call call = reading->call;
    call.launches = 1;
    double sum_s = product_s(reading->chip, &in, format, &call) +
                   product_s(reading->chip, &query, format, &call) +
                   product_s(reading->chip, &out, format, &call);
    return sum_s + (folded ? 2 * product_s(reading->chip, &fold, &wide, &call)
                           : product_s(reading->chip, &unfold, format, &call));
}

static bool latent(const struct reading *reading, double *time_s)
{
    struct number_format format;
    const char *module = text(reading, "architecture");
    struct latent latent = {.sequences = number(reading, "batch_size"),
                            .queries = number(reading, "isl"),
                            .prefix = number(reading, "step"),
                            .heads = number(reading, "num_heads"),
                            .hidden = layer(reading, module, "hidden", "columns"),
                            .query_rank = layer(reading, module, "query rank", "columns"),
                            .key_rank = layer(reading, module, "key rank", "columns"),
                            .position = layer(reading, module, "position", "columns"),
                            .head = layer(reading, module, "head", "columns")};
    if (!format_read(reading, "gemm_type", &format)) {
        return false;
    }
    if (!isfinite(latent.hidden + latent.query_rank + latent.key_rank + latent.head)) {
        return error_fill(reading->error, ERROR_INPUT,
                          "architecture '%.60s' is not in modules.csv; add its sizes", module);
    }
    latent.tokens = latent.sequences * latent.queries;
    bool folded = latent.queries <= 1;
    double core_s =
        folded ? latent_decode_s(reading, &latent) : latent_context_s(reading, &latent);
    *time_s = core_s + latent_products_s(reading, &latent, &format, folded) +
              kernel_vector_s(reading->chip, 4 * latent.tokens * latent.hidden,
                              reading->call.launches / 2);
    *time_s = fmax(*time_s, reading->call.host_s);
    return true;
}

static bool layers(const struct reading *reading, double *time_s)
{
    static const struct number_format wide = {DTYPE_BF16, 2, 2, false, false};
    static const struct engine_call single = {.launches = 1};
    const char *name = text(reading, "layer_name");
    double n = layer(reading, reading->row->sweep, name, "columns");
    double k = layer(reading, reading->row->sweep, name, "inputs");
    double elements = layer(reading, reading->row->sweep, name, "elements");
    double tokens = number(reading, "input"), parts = number(reading, "tp_size");
    if (!isfinite(n)) {
        return error_fill(reading->error, ERROR_INPUT,
                          "layer '%.60s' of this table is not in modules.csv; add its sizes",
                          name);
    }
    struct product product = plain(tokens, n / parts, k);
    *time_s = k > 0 ? product_s(reading->chip, &product, &wide, &single)
                    : kernel_vector_s(reading->chip, tokens * elements, 1);
    return true;
}

static bool served_attention(const struct reading *reading, double *time_s)
{
    const char *module = reading->row->sweep;
    bool prefill = strcmp(text(reading, "is_prefill"), "True") == 0;
    double chunk = number(reading, "prefill_chunk_size");
    double cached = number(reading, "kv_cache_size");
    struct attention_shape shape = {.sequences = number(reading, "batch_size"),
                                    .heads = layer(reading, module, "heads", "columns"),
                                    .kv_heads = layer(reading, module, "kv heads", "columns"),
                                    .head_dim = layer(reading, module, "head", "columns"),
                                    .queries = prefill ? chunk : 1,
                                    .prefix = cached,
                                    .causal = true,
                                    .cached = true};
    if (!isfinite(shape.heads + shape.kv_heads + shape.head_dim)) {
        return error_fill(reading->error, ERROR_INPUT,
                          "the model of this table is not in modules.csv; add its heads");
    }
    *time_s = kernel_attention_s(reading->chip, &shape, dtype_bytes(DTYPE_BF16));
    return true;
}

bool kernel_table_simulate(struct machines *machines, const struct platform *platform,
                           const struct measured_row *row, double *time_s, struct error *error)
{
    static bool (*const rows[])(const struct reading *, double *) = {
        [TABLE_GEMM] = gemm,       [TABLE_ATTENTION] = attention,
        [TABLE_MIXTURE] = mixture, [TABLE_LATENT] = latent,
        [TABLE_LAYERS] = layers,   [TABLE_SERVED_ATTENTION] = served_attention};
    struct reading reading = {
        machines, platform->chips[0], row,
        engine_call_of(machines, csv_text(row->csv, row->row, "kernel_source")), error};
    if (row->table > TABLE_SERVED_ATTENTION) {
        return kernel_exchange_simulate(machines, platform, row, time_s, error);
    }
    return rows[row->table](&reading, time_s) &&
           (isfinite(*time_s) ||
            error_fill(error, ERROR_INPUT,
                       "a column of its shape is empty, or the chip lacks its number format"));
}
