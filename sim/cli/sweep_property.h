/* SPDX-License-Identifier: Apache-2.0 */
/* Platforms with some of their properties changed, for sweeps over platform.NAME. */
#pragma once

#include "hardware/platform.h"
#include "study/sweep.h"

/* Whether the platform has the property of each such key, and it can be the point's value; what
 * it had before is not looked at again: known[key_count] starts as false. */
bool sweep_property_check(const struct sweep *sweep, int64_t point, struct platform *platform,
                          bool *known, struct error *error);

/* The platform with the properties of a point, read and checked like any platform file; itself
 * when the sweep changes none. */
struct platform *sweep_property_apply(const struct sweep *sweep, int64_t point,
                                      struct platform *platform, struct arena *arena,
                                      struct error *error);
