/* SPDX-License-Identifier: Apache-2.0 */
/* What one replica can carry within the service level, by queueing formulas over the price of
 * its steps. MODEL.md, "Serving plans". */
#pragma once

#include "study/serve_search.h"

struct serve_load { /* tokens of a request */
    double input, input_p99, output;
    double slo_ttft_s, slo_tpot_s;
};

struct serve_rate {        /* of one replica */
    double rate_per_s;     /* requests; 0: the level is missed at any rate */
    double ttft_s, tpot_s; /* at the 99th percentile */
};

/* Prompts in chunks beside decodes; decodes alone; prompts alone. */
struct serve_rate serve_estimate_both(const struct step_cost *cost,
                                      const struct serve_shape *shape,
                                      const struct serve_load *load);
struct serve_rate serve_estimate_decode(const struct step_cost *cost,
                                        const struct serve_shape *shape,
                                        const struct serve_load *load);
struct serve_rate serve_estimate_prefill(const struct step_cost *cost,
                                         const struct serve_shape *shape,
                                         const struct serve_load *load);
