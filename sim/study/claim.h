/* SPDX-License-Identifier: Apache-2.0 */
/* A published claim: the inputs that its file names, what simulation and arithmetic say, and a
 * verdict by the rule in the file. A claim has parts, each one figure with the bounds that were
 * claimed. MODEL.md, "Claims"; schema: workloads/claims/README.md. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "study/claim_text.h"
#include "workload/document.h"

/* What formulas may ask of a simulated training step or served load; NAN where a kind of run
 * has no such thing: X(name, meaning) */
#define CLAIM_MEASURES(X)                                                                      \
    X(chips, "chips of the machine, or of the replicas")                                       \
    X(step_s, "time of a training step")                                                       \
    X(tokens_per_s, "tokens trained, or put out, a second, whole machine")                     \
    X(mfu, "share of the headline peak")                                                       \
    X(power_W, "of the facility, mean over the run")                                           \
    X(J_per_token, "energy of the facility for a trained or an output token")                  \
    X(checkpoint_bytes, "of all that a restart needs")                                         \
    X(requests_per_s, "served a second")                                                       \
    X(input_tokens_per_s, "prompt tokens a second, cached or not")                             \
    X(prefilled_tokens_per_s, "prompt tokens computed a second")                               \
    X(ttft_s, "mean time to first token")                                                      \
    X(ttft_p99_s, "its 99th percentile")                                                       \
    X(tpot_s, "mean time per output token")                                                    \
    X(tpot_p99_s, "its 99th percentile")                                                       \
    X(slo, "share of the requests within the service level")                                   \
    X(load, "share of the replicas' capacity in use")                                          \
    X(sessions_per_s, "sessions of agents begun a second")                                     \
    X(kv_tokens, "that the KV cache of a replica holds")
#define CLAIM_ENUM(name, meaning) CLAIM_##name,
enum claim_measure { CLAIM_MEASURES(CLAIM_ENUM) CLAIM_MEASURE_COUNT };
#undef CLAIM_ENUM

struct claim_outcome {
    bool done, serving;
    double measures[CLAIM_MEASURE_COUNT];
};

/* CLAIM_SHOWN: of a part without bounds, a figure that takes no part in the verdict. */
enum claim_verdict {
    CLAIM_SHOWN,
    CLAIM_REPRODUCED,
    CLAIM_CONTRADICTED,
    CLAIM_DEPENDS,
    CLAIM_UNDECIDABLE
};

/* An input of a formula, and how far it may be from its value. */
struct claim_driver {
    const char *name; /* as formulas name it; of a run: "trn2: chip.trn2.tdp" */
    const char *source;
    double value, low, high;
    bool estimate;                       /* not published */
    int64_t run;                         /* -1: the value itself is in formulas */
    const struct claim_outcome *ends[2]; /* of a run's property at low and high */
};

struct claim_swing { /* what one input does to a part, all others at their values */
    int64_t driver;
    double low, high; /* the figure with the input at its own low and high */
    bool changes;     /* the verdict, at either end */
    double threshold; /* of the input, where the figure meets a bound; NAN: not in its range */
};

struct claim_part {
    const struct claim_part_text *text;
    double value, low, high; /* low: each input at the end that lowers the figure */
    double least, most;      /* claimed; infinite when open */
    enum claim_verdict verdict;
    struct claim_swing *swings; /* most first */
    int64_t swing_count;
    int64_t joint; /* so many first swings together change the verdict; 0: all do not */
    bool joint_up; /* they do as they raise the figure, else as they lower it */
};

struct claim {
    const char *id, *path;
    struct document *document;
    struct claim_text *text;
    const struct platform **platforms; /* [platforms_count] */
    struct claim_driver *drivers;
    int64_t driver_count, driver_capacity;
    const struct claim_outcome **outcomes; /* [runs_count] */
    struct claim_memo *memos;              /* [goodputs_count]: claim_goodput.h */
    struct claim_part *parts;
    enum claim_verdict verdict;
    const char **depends_on, **evidence;
    int64_t depends_count, evidence_count, depends_capacity, evidence_capacity;
    struct error error; /* why it could not be judged */
    struct arena *arena;
};

enum { CLAIM_PINS = 16 };

struct claim_pin { /* an input that somebody else knows: it takes this value and has no range */
    const char *name, *value; /* as drivers are named: "own_trn3", "t3: chip.trn3.tdp" */
    bool used;
};

struct claim_options {
    int jobs;
    uint64_t seed;
    int64_t seeds; /* of goodput */
    struct claim_pin *pins;
    int pin_count;
    bool no_ranges; /* every input is at its value */
};

/* Reads a claim file; its platforms are read too. NULL and an INPUT or SYSTEM error. */
struct claim *claim_read(const char *path, struct arena *arena, struct error *error);
void claim_release(struct claim *claim);

/* Simulates what the claims need, in processes of their own, then judges each. What is wrong
 * with one claim is in its own error and hinders no other; false when nothing could be
 * simulated. */
bool claim_judge_all(struct claim **claims, int64_t count, const struct claim_options *options,
                     struct arena *arena, struct error *error);

/* Judges again what was simulated before, with other pins on inputs of formulas; a verdict that
 * was reached before is forgotten. What is wrong is in claim->error. */
void claim_judge(struct claim *claim, const struct claim_options *options);

const char *claim_verdict_name(enum claim_verdict verdict); /* "not decidable" */
const char *claim_measure_name(enum claim_measure measure);

/* The path of a file that the claim names, relative to its own. */
const char *claim_file(const struct claim *claim, const char *name);
