/* SPDX-License-Identifier: Apache-2.0 */
/* Quantities in the notation of SimGrid's own attributes, read as SimGrid reads them: "256GBps"
 * is bytes, "200Gbps" is bits, a speed may end in "f" or "flops". Narrower than SimGrid where
 * that avoids surprises: a unit is required, and what SimGrid does not know is refused. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

bool simgrid_value_bandwidth(const char *text, double *Bps, struct error *error);
bool simgrid_value_time(const char *text, double *time_s, struct error *error);
bool simgrid_value_speed(const char *text, double *flops_per_s, struct error *error);
