/* SPDX-License-Identifier: Apache-2.0 */
/* From what the file lists to what a simulation asks: directed links with payload rates, a
 * route for every pair of chips, and each chip's share of the NICs. */
#pragma once

#include "hardware/platform_document.h"

/* Fills platform's chips, links and routes; its chip types and media must be there. False and
 * an INPUT error when a name is unknown, a route is missing or stands twice. */
bool platform_routes_build(const struct platform_document *document, struct platform *platform,
                           struct error *error);
