/* SPDX-License-Identifier: Apache-2.0 */
/* Chips that do not work, and what leaves the machine with them. MODEL.md, "Dead chips". */
#pragma once

#include "hardware/platform.h"

/* Fills platform's dead chips: those of text, "u3.chip-05-1,u7.chip-0*" with * for any
 * characters among the chips of a domain, or a number of chips drawn by seed; each with all
 * chips of its block, failure.taken_chips long. NULL, "none" and "0" for none. False and an
 * INPUT error for a chip that is not there. */
bool dead_chips_find(struct platform *platform, const char *text, uint64_t seed,
                     struct arena *arena, struct error *error);

/* Chips that leave with a dead one: consecutive, in whole blocks of a domain. */
int64_t dead_chips_block(const struct platform *platform);

/* Whether the chip is dead; so from first on for count. */
bool dead_chips_among(const struct platform *platform, int64_t first, int64_t count);

/* Calls take(argument, link) for every link that ends at dead chips only and lies on a way
 * between living ones. */
typedef void dead_chips_take(void *argument, int64_t link);
void dead_chips_links(const struct platform *platform, dead_chips_take *take, void *argument);
