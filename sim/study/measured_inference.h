/* SPDX-License-Identifier: Apache-2.0 */
/* A measured row of serving becomes a load on an engine: its columns of configuration are read,
 * never its name or result. docs/ACCURACY.md, "Serving". */
#pragma once

#include "study/engines.h"
#include "study/measured.h"
#include "workload/scenario.h"

struct inference_case {
    struct platform *platform; /* of one replica; all do alike */
    struct platform *prefill;  /* of one replica that only prefills; NULL: there is none */
    struct scenario *scenario;
    int64_t replicas;    /* beside those of the scenario, which it stands for */
    const char *assumed; /* what stands for a model or an engine that no table has; "" */
    double least_s;      /* the set of requests is played again until this has passed */
};

struct inference_result {
    double ttft_mean_s, ttft_p50_s, tpot_mean_s, tpot_p50_s;
    double output_per_s; /* tokens, of all replicas */
};

/* What a row reports that is compared. */
enum inference_metric {
    METRIC_TPOT_MEAN,
    METRIC_TPOT_P50,
    METRIC_OUTPUT_RATE,
    METRIC_TTFT_MEAN,
    METRIC_TTFT_P50,
    METRIC_NONE
};

/* Time per token, or throughput where that is what the load asks for; and, when first is true,
 * the time to the first token. The value goes to *measured (s, or tokens a second). */
enum inference_metric measured_inference_metric(const struct csv *csv, int64_t row, bool first,
                                                double *measured);

/* NULL when a needed column is empty (INPUT, naming it), or the row cannot be laid out. */
struct inference_case *measured_inference_case(struct machines *machines,
                                               const struct measured_row *row,
                                               struct arena *arena, struct error *error);

bool measured_inference_run(const struct inference_case *what, struct inference_result *result,
                            struct arena *arena, struct error *error);

/* Both figures of a table's row come from one run. */
struct inference_memo {
    const struct csv *csv; /* NULL: nothing yet */
    int64_t row;
    const char *platform; /* its name, which is read ahead */
    const char *assumed;
    struct inference_result result;
};

/* The row's figure. False with *blank set when a needed column is empty. */
bool measured_inference_simulate(struct machines *machines, const struct measured_row *row,
                                 struct inference_memo *memo, double *simulated, bool *blank,
                                 struct error *error);

/* Reads the row's platform ahead of the processes that need it. */
void measured_inference_prepare(struct machines *machines, const struct measured_row *row);

double measured_inference_value(const struct inference_result *result,
                                enum inference_metric metric);
