/* SPDX-License-Identifier: Apache-2.0 */
/* Formats of numbers by what publications call them: "NVFP4", "w4a16 (gptq)", "w:int8
 * compute:bf16". What a chip cannot multiply it stores and converts. */
#pragma once

#include "hardware/platform.h"
#include "workload/scenario_serving.h"

struct measured_format {
    const char *precision; /* as the row has it */
    const char *narrow_kv; /* of the engine: weights whose keys and values are as narrow */
    const char *published; /* engines_published() of the model */
};

/* Dtypes of weights, of what is no expert, of what is multiplied, of keys and values. */
void measured_dtypes_apply(const struct measured_format *format, const struct chip *chip,
                           struct serving_scenario *scenario);
