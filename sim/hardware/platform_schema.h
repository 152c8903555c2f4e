/* SPDX-License-Identifier: Apache-2.0 */
/* The properties a platform file may have: one table of names, units and meanings that reading,
 * `trnsim platform inspect` and the table in platforms/README.md share. */
#pragma once

#include <stdio.h>

#include "hardware/platform_document.h"

/* Reads the document's properties into platform: its chip types, media, tiers and own values.
 * False and an INPUT error when one is unknown, missing, wrong or without source. */
bool platform_schema_read(const struct platform_document *document, struct platform *platform,
                          struct error *error);

/* What a property means; "" when there is none of that name. */
const char *platform_schema_meaning(const char *name);

/* Whether a source only estimates: it begins with "estimate: " or "fit: ". */
bool platform_schema_estimate(const char *source);

/* The table of properties in Markdown. */
void platform_schema_print(FILE *file);
