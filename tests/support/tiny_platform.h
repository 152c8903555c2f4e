/* SPDX-License-Identifier: Apache-2.0 */
/* A platform small enough to reckon by hand: four chips with every kind of link, two NICs that
 * two chips each share, three tiers. Tests change a piece of its text and see what follows. */
#pragma once

#include "hardware/platform.h"

/* Writes the platform with the first occurrence of from replaced by to (NULL: as it is) and
 * returns the path, valid until the next call. from must be there. */
const char *tiny_platform_file(const char *from, const char *to);

/* Reads that; NULL when it is refused. */
struct platform *tiny_platform(const char *from, const char *to, struct arena *arena,
                               struct error *error);
