/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes count the whole buffer of a rank, as nccl-tests and nccom-test do. A plateau without a
 * size is taken at 16 GiB. docs/ACCURACY.md, "What a row does not say". */
#include "study/measured_collectives.h"

#include <math.h>
#include <string.h>

#include "base/units.h"
#include "execution/executor.h"
#include "program/exchanges.h"
#include "study/words.h"

static const double plateau_bytes = 17179869184.0, latency_bytes = 8, us = 1e-6;

/* How a row's transfer is repeated: latency of one way, both ways at once, or the plateau of
 * large ones. */
enum pace { PLATEAU, LATENCY, BOTH_WAYS };

static const struct {
    const char *text; /* as words */
    enum collective_operation operation;
    enum pace pace;
} operations[] = {
    {"p2p bidirectional", COLLECTIVE_ALL_TO_ALL, BOTH_WAYS},
    {"all reduce", COLLECTIVE_ALL_REDUCE, PLATEAU},
    {"allreduce", COLLECTIVE_ALL_REDUCE, PLATEAU},
    {"all gather", COLLECTIVE_ALL_GATHER, PLATEAU},
    {"allgather", COLLECTIVE_ALL_GATHER, PLATEAU},
    {"reduce scatter", COLLECTIVE_REDUCE_SCATTER, PLATEAU},
    {"reducescatter", COLLECTIVE_REDUCE_SCATTER, PLATEAU},
    {"all to all", COLLECTIVE_ALL_TO_ALL, PLATEAU},
    {"alltoall", COLLECTIVE_ALL_TO_ALL, PLATEAU},
    {"alltoallv", COLLECTIVE_ALL_TO_ALL, PLATEAU},
    {"a2a", COLLECTIVE_ALL_TO_ALL, PLATEAU},
    {"all2all", COLLECTIVE_ALL_TO_ALL, PLATEAU},
    {"broadcast", COLLECTIVE_BROADCAST, PLATEAU},
    {"reduce", COLLECTIVE_BROADCAST, PLATEAU}, /* the same bytes the other way */
    {"point to point", COLLECTIVE_SEND_RECEIVE, LATENCY},
    {"per hop", COLLECTIVE_SEND_RECEIVE, LATENCY},
    {"permute", COLLECTIVE_SEND_RECEIVE, PLATEAU},
    {"sendrecv", COLLECTIVE_SEND_RECEIVE, PLATEAU},
    {"send recv", COLLECTIVE_SEND_RECEIVE, PLATEAU},
    {"send receive", COLLECTIVE_SEND_RECEIVE, PLATEAU},
    {"p2p unidirectional", COLLECTIVE_SEND_RECEIVE, PLATEAU},
    {"p2p", COLLECTIVE_SEND_RECEIVE, PLATEAU},
};
enum { OPERATION_COUNT = sizeof operations / sizeof operations[0] };

static int operation_of(const struct csv *csv, int64_t row)
{
    for (int i = 0; i < OPERATION_COUNT; i++) {
        if (words_fit(operations[i].text, csv_text(csv, row, "collective"))) {
            return i;
        }
    }
    return -1;
}

/* A number of bytes, or a size with its unit. */
static double stated_bytes(const struct csv *csv, int64_t row)
{
    double bytes = csv_number(csv, row, "size_bytes");
    struct error ignored = {0};
    if (!isfinite(bytes) &&
        !units_read(csv_text(csv, row, "size_bytes"), UNIT_BYTES, &bytes, &ignored)) {
        return (double)NAN;
    }
    return bytes;
}

/* Without a size: what the kind of transfer means, whatever the result says. */
static double bytes_of(const struct csv *csv, int64_t row, int operation)
{
    double bytes = stated_bytes(csv, row);
    if (isfinite(bytes) || operation < 0 || csv_text(csv, row, "size_bytes")[0] != '\0') {
        return bytes;
    }
    if (operations[operation].pace == LATENCY) {
        return latency_bytes;
    }
    return operations[operation].pace == BOTH_WAYS ? 2 * plateau_bytes : plateau_bytes;
}

double measured_collective_time_s(const struct csv *csv, int64_t row)
{
    double time_us = csv_number(csv, row, "time_us");
    int operation = operation_of(csv, row);
    double bytes = bytes_of(csv, row, operation);
    if (isfinite(time_us) || operation < 0) {
        return time_us * us;
    }
    double unit = strncmp(csv_text(csv, row, "bw_unit"), "GiB", 3) == 0 ? 1073741824.0 : 1e9;
    double rate = csv_number(csv, row, "algbw_GBps") * unit;
    if (isfinite(rate) && isfinite(stated_bytes(csv, row))) {
        return bytes / rate;
    }
    if (operations[operation].pace == LATENCY) {
        return csv_number(csv, row, "latency_us") * us;
    }
    if (operations[operation].pace == BOTH_WAYS) {
        return bytes / (csv_number(csv, row, "busbw_GBps") * unit);
    }
    struct collective collective = {.operation = operations[operation].operation,
                                    .bytes = bytes,
                                    .count = csv_count(csv, row, "n_ranks", 2)};
    return collective_bus_bandwidth_Bps(&collective, 1) /
           (csv_number(csv, row, "busbw_GBps") * unit);
}

/* As stated, or those of all nodes. */
static int64_t ranks_of(const struct csv *csv, int64_t row)
{
    return csv_count(csv, row, "n_ranks",
                     csv_count(csv, row, "n_nodes", 1) *
                         csv_count(csv, row, "ranks_per_node", 0));
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
    if (row->accelerator[0] == '\0' || strcmp(row->accelerator, "unknown") == 0) {
        error_fill(error, ERROR_INPUT, "column accelerator is empty or 'unknown'");
        return NULL;
    }
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

/* A node is a domain, unless a domain is more than a node. Ranks of one chip exchange as
 * neighbours do, over the same engines. */
static void place(struct collective_case *what, const struct measured_row *row,
                  const struct platform *whole)
{
    struct collective_request *request = &what->request;
    int64_t nodes = csv_count(row->csv, row->row, "n_nodes", 1), chips = whole->chip_count;
    request->chips = request->operation == COLLECTIVE_SEND_RECEIVE || request->chips < 2
                         ? 2
                         : request->chips;
    bool server = strcmp(whole->domain_noun, "server") == 0;
    if (nodes > 1 && server && request->chips % nodes == 0 && request->chips / nodes < chips) {
        request->per_domain = request->chips / nodes;
        chips = request->per_domain;
    }
    what->platform->domain_count = (request->chips + chips - 1) / chips;
}

struct collective_case *measured_collective_case(struct machines *machines,
                                                 const struct measured_row *row,
                                                 struct arena *arena, struct error *error)
{
    struct collective_case *what = arena_alloc(arena, sizeof *what);
    int64_t ranks = ranks_of(row->csv, row->row), ranks_per_chip = 1;
    int operation = operation_of(row->csv, row->row);
    double bytes = bytes_of(row->csv, row->row, operation);
    if (operation < 0 && !isfinite(bytes)) {
        error_fill(error, ERROR_INPUT,
                   "column size_bytes is empty, and '%.40s' has no size that it is known for",
                   csv_text(row->csv, row->row, "collective"));
        return NULL;
    }
    if (operation < 0) {
        error_fill(error, ERROR_INPUT, "collective '%s' is none of ours",
                   csv_text(row->csv, row->row, "collective"));
        return NULL;
    }
    if (ranks == 0 || !isfinite(bytes)) {
        if (ranks == 0) {
            error_fill(error, ERROR_INPUT, "column n_ranks is empty");
        } else {
            error_fill(error, ERROR_INPUT,
                       "column size_bytes is '%.40s', expected a number of bytes or a size "
                       "such as 64MiB",
                       csv_text(row->csv, row->row, "size_bytes"));
        }
        return NULL;
    }
    struct platform *whole = platform_of(machines, row, &ranks_per_chip, error);
    if (whole == NULL) {
        return NULL;
    }
    what->platform = arena_alloc(arena, sizeof *whole);
    *what->platform = *whole;
    what->request = (struct collective_request){
        operations[operation].operation, bytes, algorithm_of(row->csv, row->row),
        (ranks + ranks_per_chip - 1) / ranks_per_chip, 0};
    what->assumed = "";
    place(what, row, whole);
    bool by_call =
        strcmp(csv_text(row->csv, row->row, "size_convention"), "payload per rank") == 0;
    what->host_s = by_call ? whole->collective_host_s : 0;
    if (operations[operation].pace == LATENCY) {
        what->host_s = -whole->collective_launch_s; /* latency of the way alone */
    }
    return what;
}

static struct job *plan(const struct collective_case *what, struct arena *arena,
                        struct error *error)
{
    struct job *job = lower_collective(what->platform, &what->request, arena, error);
    return job != NULL && exchanges_plan_all(job, error) ? job : NULL;
}

/* An algorithm that the machine or the operation does not have was not what ran. */
static struct job *plan_possible(struct collective_case *what, struct arena *arena,
                                 struct error *error)
{
    struct job *job = plan(what, arena, error);
    if (job == NULL && strcmp(what->request.algorithm, "auto") != 0) {
        what->assumed =
            arena_format(arena, "algorithm '%s' cannot do this: the library's own choice",
                         what->request.algorithm);
        what->request.algorithm = "auto";
        *error = (struct error){0};
        job = plan(what, arena, error);
    }
    return job;
}

bool measured_collective_run(struct collective_case *what, double *time_s, struct arena *arena,
                             struct error *error)
{
    struct executor_options options = {.detail = DETAIL_FLOW, .coalesce = false};
    struct execution execution;
    struct job *job = plan_possible(what, arena, error);
    if (job == NULL || !executor_run(job, &options, &execution, arena, error)) {
        return false;
    }
    *time_s = execution.time_s + what->host_s;
    return true;
}
