/* SPDX-License-Identifier: Apache-2.0 */
/* The goodput entries of a claim: their keys are formulas over its other inputs. */
#pragma once

#include "study/claim_value.h"
#include "training/goodput.h"

struct claim_memo { /* of one entry: the last that was simulated */
    bool filled;
    struct goodput_case what;
    struct goodput result;
};

bool claim_goodput(struct claim_state *state, unsigned index, const char *measure,
                   double *value, struct error *error);
