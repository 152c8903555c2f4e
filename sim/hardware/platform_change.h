/* SPDX-License-Identifier: Apache-2.0 */
/* A platform with some of its properties changed, for what asks "and if it were otherwise". */
#pragma once

#include "hardware/platform.h"

struct platform_change {
    const char *name, *value; /* "chip.trn3.tdp", "700W" */
};

/* Read and checked like any platform file; what is changed has no range. NULL and an INPUT
 * error when there is no such property, SYSTEM when no temporary file can be written. */
struct platform *platform_change(const struct platform *platform,
                                 const struct platform_change *changes, int64_t count,
                                 struct arena *arena, struct error *error);
