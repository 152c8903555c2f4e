/* SPDX-License-Identifier: Apache-2.0 */
/* The whole machine as one SimGrid file: domain_count copies of the domain as zones of their
 * own routes, and the scale-out tiers as routers joined by trunks into a tree, so that between
 * any two domains there is one way. For those who use SimGrid without this program. */
#pragma once

#include <stdio.h>

#include "hardware/platform.h"

/* Bandwidths are raw, as in the domain's file. SimGrid lets a zone be left through one router
 * per neighbour only, so the rails of a tier are merged: one trunk of their summed rate. The
 * platform must have passed platform_check_domains(). */
void platform_expand(const struct platform *platform, FILE *file, struct arena *arena);
