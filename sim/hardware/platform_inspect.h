/* SPDX-License-Identifier: Apache-2.0 */
/* A machine as a page of text or one JSON object: every value with its unit and source, then
 * what platform_report found. */
#pragma once

#include <stdio.h>

#include "hardware/platform_report.h"

void platform_inspect(const struct platform_report *report, FILE *file);
void platform_inspect_json(const struct platform_report *report, FILE *file);
