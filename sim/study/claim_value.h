/* SPDX-License-Identifier: Apache-2.0 */
/* Names in the formulas of a claim: properties of platforms, measures of simulated steps and of
 * goodput, prices and numbers, each at its value or at one end of its range. */
#pragma once

#include "study/claim.h"

struct claim_state {
    struct claim *claim;
    const double *ends; /* [driver_count]: -1 low, 0 value, 1 high, or between; NULL: all 0 */
    const struct claim_options *options;
};

/* The value of an input so far towards its low (-1) or high (1) end. */
double claim_value_at(const struct claim_driver *driver, double end);

/* The value of a formula. Inputs that are met for the first time become drivers of the claim.
 * An error names the file and, as key, the place. */
bool claim_value(struct claim_state *state, const char *formula, const char *key, double *value,
                 struct error *error);
