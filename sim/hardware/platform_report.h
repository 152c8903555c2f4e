/* SPDX-License-Identifier: Apache-2.0 */
/* What `trnsim platform inspect` says about a machine beyond its file: how far chips are from
 * each other, what limits them together, and its totals beside those that were published. */
#pragma once

#include "hardware/platform_load.h"

/* Pairs of chips whose routes are alike. */
struct hop_class {
    const char *media; /* "rack 2, direct 1": links crossed by medium */
    int32_t links;
    int64_t pairs; /* ordered: there and back are two */
    double bandwidth_Bps, latency_s;
};

struct published_total {
    const struct property *property;
    double computed; /* NAN when nothing computed stands beside it */
    bool missed;     /* outside the published range and more than half a percent off */
};

struct platform_report {
    const struct platform *platform;
    struct hop_class *hop_classes; /* the most frequent first */
    int64_t hop_class_count;
    struct platform_load all_to_all, halves;
    double peak_flops_per_s[DTYPE_COUNT]; /* of a domain, headline */
    double hbm_bytes, hbm_Bps;
    double scale_up_Bps;  /* raw rate of the links that leave its chips, NICs apart */
    double scale_out_Bps; /* raw rate to the fabric */
    double bisection_Bps; /* payload, first half of the chips to the second */
    double power_W;       /* chips at their TDP and the overhead, without PUE */
    struct published_total *published;
    int64_t published_count;
};

struct platform_report *platform_report_create(const struct platform *platform,
                                               struct arena *arena);
