/* SPDX-License-Identifier: Apache-2.0 */
#include "study/kernel_tables.h"

#include <math.h>
#include <string.h>

static const double ms = 1e-3, us = 1e-6, ns = 1e-9;

/* A table is known by a column that no other has; 'time' has its results, in the unit. */
static const struct {
    enum kernel_table table;
    const char *mark, *time[2];
    double unit_s;
    const char *operation[2]; /* part of the group's name when there is no column op_name */
    const char *format;       /* column that makes groups */
} tables[] = {
    {TABLE_GEMM, "gemm_dtype", {"latency", NULL}, ms, {"gemm", NULL}, "gemm_dtype"},
    {TABLE_MIXTURE, "moe_dtype", {"latency", NULL}, ms, {"moe", NULL}, "moe_dtype"},
    {TABLE_LATENT, "mla_dtype", {"latency", NULL}, ms, {"mla", NULL}, "gemm_type"},
    {TABLE_ATTENTION,
     "attn_dtype",
     {"latency", NULL},
     ms,
     {"attention", NULL},
     "kv_cache_dtype"},
    {TABLE_COLLECTIVE, "nccl_dtype", {"latency", NULL}, ms, {"nccl", NULL}, "kernel_source"},
    {TABLE_ENGINE_REDUCE,
     "allreduce_dtype",
     {"latency", NULL},
     ms,
     {"all_reduce", NULL},
     "kernel_source"},
    {TABLE_EXPERTS_LATENCY,
     "dispatch_avg_t_us",
     {"dispatch_avg_t_us", "combine_avg_t_us"},
     us,
     {"dispatch", "combine"},
     "kernel_source"},
    {TABLE_EXPERTS_BULK,
     "dispatch_transmit_us",
     {"dispatch_transmit_us", "combine_transmit_us"},
     us,
     {"dispatch", "combine"},
     "kernel_source"},
    {TABLE_LAYERS, "layer_name", {"latency(ns)", NULL}, ns, {"layers", NULL}, "layer_name"},
    {TABLE_SERVED_ATTENTION,
     "prefill_chunk_size",
     {"p50_ns", NULL},
     ns,
     {"attention", NULL},
     "is_prefill"},
    {TABLE_PROFILED,
     "time_stats.all_reduce.median",
     {"time_stats.all_reduce.median", NULL},
     ms,
     {"profiled", NULL},
     "collective"},
    {TABLE_PROFILED,
     "time_stats.send_recv.median",
     {"time_stats.send_recv.median", NULL},
     ms,
     {"profiled", NULL},
     "collective"},
};
enum { TABLES = sizeof tables / sizeof tables[0] };

static int find(const struct csv *csv)
{
    for (int i = 0; i < TABLES; i++) {
        if (csv_column(csv, tables[i].mark) >= 0) {
            return i;
        }
    }
    return -1;
}

enum kernel_table kernel_table_of(const struct csv *csv)
{
    int found = find(csv);
    return found < 0 ? TABLE_UNKNOWN : tables[found].table;
}

int kernel_table_parts(enum kernel_table table)
{
    return table == TABLE_EXPERTS_LATENCY || table == TABLE_EXPERTS_BULK ? 2 : 1;
}

double kernel_table_time_s(enum kernel_table table, const struct csv *csv, int64_t row,
                           int part)
{
    int found = table == TABLE_UNKNOWN ? -1 : find(csv);
    return found < 0 ? (double)NAN
                     : csv_number(csv, row, tables[found].time[part]) * tables[found].unit_s;
}

const char *kernel_table_group(enum kernel_table table, const struct csv *csv, int64_t row,
                               int part, struct arena *arena)
{
    int found = table == TABLE_UNKNOWN ? -1 : find(csv);
    if (found < 0) {
        return "unknown table";
    }
    const char *operation = tables[found].operation[part];
    const char *own = csv_text(csv, row, "op_name");
    bool served = table == TABLE_SERVED_ATTENTION;
    bool prefill = served && strcmp(csv_text(csv, row, "is_prefill"), "True") == 0;
    return arena_format(
        arena, "%s %s", kernel_table_parts(table) == 1 && own[0] != '\0' ? own : operation,
        served ? (prefill ? "prefill" : "decode") : csv_text(csv, row, tables[found].format));
}
