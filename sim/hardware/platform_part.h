/* SPDX-License-Identifier: Apache-2.0 */
/* A machine of which a job uses only some chips of each scale-up domain: 2 of a server's 8, 64
 * of a rack's 72. The others are there and idle. */
#pragma once

#include "hardware/platform.h"

/* The platform with as few domains as hold so many chips equally, the first ones of each.
 * NULL and an INFEASIBLE error when the chips cannot be spread equally. */
struct platform *platform_part(const struct platform *platform, int64_t chips,
                               struct arena *arena, struct error *error);
