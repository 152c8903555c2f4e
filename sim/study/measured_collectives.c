/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes count the whole buffer of a rank, as nccl-tests and nccom-test do. A plateau without a
 * size is taken at 16 GiB. docs/ACCURACY.md, "What a row does not say". */
#include "study/measured_collectives.h"

#include <math.h>
#include <string.h>

#include "execution/executor.h"
#include "program/exchanges.h"

static const double plateau_bytes = 17179869184.0, latency_bytes = 8, us = 1e-6;

static const struct {
    const char *text;
    enum collective_operation operation;
} operations[] = {
    {"all_reduce", COLLECTIVE_ALL_REDUCE},
    {"all_gather", COLLECTIVE_ALL_GATHER},
    {"reduce_scatter", COLLECTIVE_REDUCE_SCATTER},
    {"all_to_all", COLLECTIVE_ALL_TO_ALL},
    {"broadcast", COLLECTIVE_BROADCAST},
    {"point-to-point", COLLECTIVE_SEND_RECEIVE},
    {"permute (pairs)", COLLECTIVE_SEND_RECEIVE},
    {"p2p unidirectional", COLLECTIVE_SEND_RECEIVE},
};
enum { OPERATION_COUNT = sizeof operations / sizeof operations[0] };

static int operation_of(const struct csv *csv, int64_t row)
{
    for (int i = 0; i < OPERATION_COUNT; i++) {
        if (strcmp(csv_text(csv, row, "collective"), operations[i].text) == 0) {
            return i;
        }
    }
    return -1;
}

static double bytes_of(const struct csv *csv, int64_t row)
{
    double bytes = csv_number(csv, row, "size_bytes");
    if (isfinite(bytes)) {
        return bytes;
    }
    if (isfinite(csv_number(csv, row, "latency_us"))) {
        return latency_bytes;
    }
    bool plateau = isfinite(csv_number(csv, row, "busbw_GBps"));
    return plateau && csv_number(csv, row, "n_ranks") > 1 ? plateau_bytes : (double)NAN;
}

double measured_collective_time_s(const struct csv *csv, int64_t row)
{
    double time_us = csv_number(csv, row, "time_us");
    int operation = operation_of(csv, row);
    double bytes = bytes_of(csv, row);
    if (isfinite(time_us) || operation < 0) {
        return time_us * us;
    }
    double unit = strncmp(csv_text(csv, row, "bw_unit"), "GiB", 3) == 0 ? 1073741824.0 : 1e9;
    double rate = csv_number(csv, row, "algbw_GBps") * unit;
    if (isfinite(rate) && isfinite(csv_number(csv, row, "size_bytes"))) {
        return bytes / rate;
    }
    struct collective collective = {.operation = operations[operation].operation,
                                    .bytes = bytes,
                                    .count = csv_count(csv, row, "n_ranks", 2)};
    return collective_bus_bandwidth_Bps(&collective, 1) /
           (csv_number(csv, row, "busbw_GBps") * unit);
}

/* An algorithm that the row forces; its library's choice otherwise. Slides that show a machine
 * with and without in-switch reduction name it in the system. */
static const char *algorithm_of(const struct csv *csv, int64_t row)
{
    const char *text = csv_text(csv, row, "algorithm");
    bool slide = strcmp(csv_text(csv, row, "kind"), "slide") == 0;
    if (strcmp(text, "Ring") == 0 || strcmp(text, "Ring (NVLS off)") == 0 ||
        (slide && strstr(csv_text(csv, row, "system"), "SHARP") == NULL)) {
        return "ring";
    }
    return strcmp(text, "NVLS") == 0 || strcmp(text, "NVLSTree") == 0 ? "in-switch" : "auto";
}

/* As many domains as the row has nodes, unless one domain is larger than a node. */
static struct platform *platform_of(struct machines *machines, const struct measured_row *row,
                                    int64_t *ranks_per_chip, struct error *error)
{
    const struct csv *csv = row->csv;
    int64_t machine =
        machines_find(machines, row->accelerator, csv_count(csv, row->row, "ranks_per_node", 0),
                      csv_text(csv, row->row, "system"));
    if (machine < 0) {
        error_fill(error, ERROR_INPUT, "no machine for accelerator '%s' in machines.csv",
                   row->accelerator);
        return NULL;
    }
    *ranks_per_chip = csv_count(machines->table, machine, "ranks_per_chip", 1);
    return machines_platform(machines, machine, error);
}

struct collective_case *measured_collective_case(struct machines *machines,
                                                 const struct measured_row *row,
                                                 struct arena *arena, struct error *error)
{
    struct collective_case *what = arena_alloc(arena, sizeof *what);
    int64_t ranks = csv_count(row->csv, row->row, "n_ranks", 0), ranks_per_chip = 1;
    int operation = operation_of(row->csv, row->row);
    double bytes = bytes_of(row->csv, row->row);
    if (operation < 0) {
        error_fill(error, ERROR_INPUT, "collective '%s' is none of ours",
                   csv_text(row->csv, row->row, "collective"));
        return NULL;
    }
    if (ranks == 0 || !isfinite(bytes)) {
        error_fill(error, ERROR_INPUT, "column %s is empty",
                   ranks == 0 ? "n_ranks" : "size_bytes");
        return NULL;
    }
    struct platform *whole = platform_of(machines, row, &ranks_per_chip, error);
    if (whole == NULL) {
        return NULL;
    }
    what->platform = arena_alloc(arena, sizeof *whole);
    *what->platform = *whole;
    what->request = (struct collective_request){operations[operation].operation, bytes,
                                                algorithm_of(row->csv, row->row),
                                                (ranks + ranks_per_chip - 1) / ranks_per_chip};
    bool pair = operations[operation].operation == COLLECTIVE_SEND_RECEIVE;
    what->request.chips = pair ? 2 : what->request.chips;
    int64_t chips = whole->chip_count;
    what->platform->domain_count = (what->request.chips + chips - 1) / chips;
    bool by_call =
        strcmp(csv_text(row->csv, row->row, "size_convention"), "payload per rank") == 0;
    what->host_s = by_call ? whole->collective_host_s : 0;
    if (bytes <= latency_bytes && csv_text(row->csv, row->row, "size_bytes")[0] == '\0') {
        what->host_s = -whole->collective_launch_s; /* latency of the way alone */
    }
    return what;
}

bool measured_collective_run(const struct collective_case *what, double *time_s,
                             struct arena *arena, struct error *error)
{
    struct executor_options options = {.detail = DETAIL_FLOW, .coalesce = false};
    struct execution execution;
    struct job *job = lower_collective(what->platform, &what->request, arena, error);
    if (job == NULL || !exchanges_plan_all(job, error) ||
        !executor_run(job, &options, &execution, arena, error)) {
        return false;
    }
    *time_s = execution.time_s + what->host_s;
    return true;
}
