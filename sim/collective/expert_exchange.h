/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens to their experts or back in closed form: each token goes once to every other domain
 * that has one of its experts, and from there to every chip that has one. Links inside and NICs
 * work at the same time. MODEL.md, "Expert exchange". */
#pragma once

#include "hardware/platform.h"

struct expert_exchange {
    double tokens;        /* of one chip */
    double token_bytes;   /* in the format sent */
    double chosen;        /* experts of a token */
    double chips;         /* that share the experts evenly, in whole domains when several */
    double imbalance;     /* tokens of the busiest chip over the mean; 1: even */
    bool merged;          /* false: a copy for each expert, as low-latency kernels send */
    double rate_fraction; /* of the links' rates that the kernels reach */
    double copy_Bps;      /* what the chip's units that copy move; 0: no limit */
};

/* Seconds without launch. Source: own derivation, experts drawn evenly and independently. */
double expert_exchange_s(const struct platform *platform,
                         const struct expert_exchange *exchange);

/* How many of 'places' places a token with so many experts meets. */
double expert_exchange_reach(double places, double chosen);
