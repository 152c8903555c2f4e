/* SPDX-License-Identifier: Apache-2.0 */
/* Collectives of kernel tables in closed form: the library's choice alone on the machine, as
 * the engine runs it at flow detail. */
#include <math.h>
#include <string.h>

#include "collective/collective.h"
#include "collective/expert_exchange.h"
#include "hardware/fabric.h"
#include "study/kernel_tables.h"
#include "study/kernel_works.h"

/* Sizes of the tables: an expert's scale of 32 bits for 128 columns sent in FP8. */
static const double fp8_bytes = 1 + 4.0 / 128, bf16_bytes = 2;
static const double own_reduce_bytes = 8 * 1024 * 1024; /* above, engines call the library */

static const struct {
    const char *text;
    enum collective_operation operation;
} operations[] = {
    {"all_reduce", COLLECTIVE_ALL_REDUCE},         {"all_gather", COLLECTIVE_ALL_GATHER},
    {"reduce_scatter", COLLECTIVE_REDUCE_SCATTER}, {"alltoall", COLLECTIVE_ALL_TO_ALL},
    {"all_to_all", COLLECTIVE_ALL_TO_ALL},         {"broadcast", COLLECTIVE_BROADCAST},
    {"send_recv", COLLECTIVE_SEND_RECEIVE},        {"p2p", COLLECTIVE_SEND_RECEIVE},
};

static bool operation_of(const char *text, enum collective_operation *operation)
{
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        if (strcmp(text, operations[i].text) == 0) {
            *operation = operations[i].operation;
            return true;
        }
    }
    return false;
}

/* Chips in domains of so many each. */
static bool library_s(const struct platform *platform, enum collective_operation operation,
                      double bytes, int64_t count, int64_t per_domain, double *time_s,
                      struct error *error)
{
    struct arena *scratch = arena_create();
    struct platform machine = *platform;
    int64_t *chips = arena_array(scratch, count + 1, sizeof(int64_t));
    for (int64_t i = 0; i < count; i++) {
        chips[i] = i / per_domain * platform->chip_count + i % per_domain;
    }
    machine.domain_count = (count + per_domain - 1) / per_domain;
    struct collective collective = {operation, bytes, &machine, chips, count};
    struct schedule schedule = {.arena = scratch};
    bool good = platform_check_domains(&machine, error) &&
                collective_plan(&collective, "auto", &schedule, error);
    if (good) {
        *time_s = collective_time_s(&collective, &schedule);
    }
    arena_free(scratch);
    return good;
}

static double element_bytes(const char *dtype)
{
    if (strcmp(dtype, "int8") == 0 || strncmp(dtype, "fp8", 3) == 0) {
        return 1;
    }
    return strcmp(dtype, "float") == 0 || strcmp(dtype, "float32") == 0 ? 4 : 2;
}

/* Peers' memory is read directly: all of it at once, or a part that is summed and then read. */
static double own_reduce_s(const struct platform *platform, const struct engine_call *call,
                           double bytes, double count)
{
    struct fabric_path path;
    fabric_path(platform, 0, 1, &path);
    double rate_Bps = INFINITY;
    for (int32_t l = 0; l < path.link_count; l++) {
        rate_Bps = fmin(rate_Bps, fabric_link_Bps(platform, path.links[l]));
    }
    double at_once_s = bytes * (count - 1) / rate_Bps + 2 * path.latency_s;
    double in_parts_s = 2 * bytes * (count - 1) / count / rate_Bps + 4 * path.latency_s;
    return call->launches * platform->chips[0]->op_overhead_s + fmin(at_once_s, in_parts_s);
}

static bool reduce(const struct platform *platform, const struct engine_call *call,
                   const struct measured_row *row, double *time_s, struct error *error)
{
    double bytes = csv_number(row->csv, row->row, "message_size") *
                   element_bytes(csv_text(row->csv, row->row, "allreduce_dtype"));
    int64_t count = csv_count(row->csv, row->row, "num_gpus", 0);
    if (!library_s(platform, COLLECTIVE_ALL_REDUCE, bytes, count, platform->chip_count, time_s,
                   error)) {
        return false;
    }
    if (bytes <= own_reduce_bytes) {
        *time_s = fmin(*time_s, own_reduce_s(platform, call, bytes, (double)count));
    }
    *time_s = fmax(*time_s, call->host_s);
    return true;
}

static bool experts(const struct platform *platform, const struct engine_call *call,
                    const struct measured_row *row, double *time_s)
{
    bool bulk = row->table == TABLE_EXPERTS_BULK;
    double width = csv_number(row->csv, row->row, "hidden_size");
    struct expert_exchange exchange = {
        .tokens = csv_number(row->csv, row->row, "num_token"),
        .token_bytes = width * (row->part == 0 ? fp8_bytes : bf16_bytes),
        .chosen = csv_number(row->csv, row->row, "num_topk"),
        .chips = csv_number(row->csv, row->row, "node_num") * (double)platform->chip_count,
        .imbalance = 1,
        .merged = bulk,
        .rate_fraction = call->rate_fraction,
        .copy_Bps = bulk ? csv_number(row->csv, row->row,
                                      row->part == 0 ? "dispatch_sms" : "combine_sms") *
                               call->unit_Bps
                         : 0};
    /* The bulk kernels count tokens for all peers first, and wait for them. */
    double launches = call->launches * (!bulk ? 1 : row->part == 0 ? 2 : 3.5);
    *time_s =
        launches * platform->chips[0]->op_overhead_s + expert_exchange_s(platform, &exchange);
    return true;
}

static bool refuse(struct error *error, const char *operation)
{
    return error_fill(error, ERROR_INPUT, "collective '%.40s' is none of ours", operation);
}

bool kernel_exchange_simulate(struct machines *machines, const struct platform *platform,
                              const struct measured_row *row, double *time_s,
                              struct error *error)
{
    const struct csv *csv = row->csv;
    struct engine_call call =
        engine_call_of(machines, csv_text(csv, row->row, "kernel_source"));
    enum collective_operation operation = COLLECTIVE_ALL_REDUCE;
    if (row->table == TABLE_EXPERTS_LATENCY || row->table == TABLE_EXPERTS_BULK) {
        return experts(platform, &call, row, time_s);
    }
    if (row->table == TABLE_ENGINE_REDUCE) {
        return reduce(platform, &call, row, time_s, error);
    }
    if (row->table == TABLE_COLLECTIVE) {
        const char *name = csv_text(csv, row->row, "op_name");
        double bytes = csv_number(csv, row->row, "message_size") *
                       element_bytes(csv_text(csv, row->row, "nccl_dtype"));
        return operation_of(name, &operation)
                   ? library_s(platform, operation, bytes,
                               csv_count(csv, row->row, "num_gpus", 0), platform->chip_count,
                               time_s, error)
                   : refuse(error, name);
    }
    if (row->table == TABLE_PROFILED) {
        const char *name = csv_text(csv, row->row, "collective");
        return operation_of(name, &operation)
                   ? library_s(platform, operation, csv_number(csv, row->row, "size"),
                               csv_count(csv, row->row, "num_workers", 0),
                               csv_count(csv, row->row, "devices_per_node", 1), time_s, error)
                   : refuse(error, name);
    }
    return error_fill(error, ERROR_INPUT, "no table with these columns is known");
}
