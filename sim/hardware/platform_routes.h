/* SPDX-License-Identifier: Apache-2.0 */
/* From what the file lists to what a simulation asks: directed links with payload rates, a
 * route for every pair of chips, and each chip's share of the NICs. */
#pragma once

#include "hardware/platform_document.h"

/* Fills platform's chips, links and routes; its chip types and media must be there. False and
 * an INPUT error when a name is unknown, a route is missing or stands twice. */
bool platform_routes_build(const struct platform_document *document, struct platform *platform,
                           struct error *error);

/* What each chip gets of its way to (up) or from the fabric when all chips use theirs, by the
 * links' raw or payload rates: a link that several chips share is divided evenly. */
double *platform_routes_nic_shares(const struct platform *platform, bool up, bool raw,
                                   struct arena *arena);
