/* SPDX-License-Identifier: Apache-2.0 */
/* How far measurements lie from what is simulated on a chip, as its platform file states:
 * properties chip.*.evidence_*. MODEL.md, "Evidence". */
#pragma once

#include "hardware/platform.h"

/* X(NAME, what follows evidence_ in the property) */
#define EVIDENCE_KINDS(X)                                                                      \
    X(TRAINING, "training")                                                                    \
    X(EXPERTS, "experts")                                                                      \
    X(TOKENS, "tokens")                                                                        \
    X(FIRST_TOKEN, "first_token")                                                              \
    X(COLLECTIVES, "collectives")
#define EVIDENCE_ENUM(NAME, text) EVIDENCE_##NAME,
enum evidence_kind { EVIDENCE_KINDS(EVIDENCE_ENUM) EVIDENCE_KIND_COUNT };
#undef EVIDENCE_ENUM

/* Measured over simulated time: low and high are a range that holds 1. Without a property both
 * are NAN, and source says which one is missing. */
struct evidence {
    double low, high;
    const char *source;
};

/* Of a machine with several kinds of chip, the widest range and its source. */
struct evidence evidence_of(const struct platform *platform, enum evidence_kind kind,
                            struct arena *arena);
