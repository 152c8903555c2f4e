/* SPDX-License-Identifier: Apache-2.0 */
/* A sweep's YAML as texts, and its axes as lists of values: the two halves of sweep_read. */
#pragma once

#include "base/random.h"
#include "study/sweep.h"

enum { SWEEP_KEYS = 128 }; /* that a sweep can set */

struct sweep_axis_text {
    char *key;
    char **values;
    unsigned values_count;
    char *from, *to, *step, *factor, *count, *scale;
    struct sweep_axis_text *zip;
    unsigned zip_count;
};

struct sweep_sample_text {
    char *method, *count, *seed;
    struct sweep_axis_text *axes;
    unsigned axes_count;
};

struct sweep_text {
    char *title, *workload, *platform, *ultraservers, *plan, *prices, *price_kind, *detail;
    char *find_capacity, *seed;
    char **set;
    unsigned set_count;
    struct sweep_axis_text *axes;
    unsigned axes_count;
    struct sweep_sample_text *sample;
    char **where;
    unsigned where_count;
};

extern const cyaml_schema_value_t sweep_text_schema;

/* Values of one key, in order. */
struct sweep_values {
    int key;
    const char **texts;
    int64_t count;
};

struct sweep_reader {
    struct sweep *sweep;
    struct arena *arena;
    struct error *error;
};

/* The values of an axis of a grid. place: "axes[0]". */
bool sweep_axis_values(const struct sweep_reader *reader, const struct sweep_axis_text *axis,
                       const char *place, struct sweep_values *values);

/* count draws of a sampled axis; hypercube: one in each of count equal strata. */
bool sweep_axis_draw(const struct sweep_reader *reader, const struct sweep_axis_text *axis,
                     const char *place, struct sweep_values *values, uint64_t seed,
                     bool hypercube);
