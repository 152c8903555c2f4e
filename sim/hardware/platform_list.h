/* SPDX-License-Identifier: Apache-2.0 */
/* The platform files of a folder, a line each. */
#pragma once

#include <stdio.h>

#include "hardware/platform.h"

struct platform_entry {
    const char *path;
    const struct platform *platform; /* NULL when it could not be read */
    const char *problem;             /* why */
};

/* Reads every .xml file of folder, in the order of their names. False and a SYSTEM error when
 * the folder cannot be read; a wrong file is an entry with its problem. */
bool platform_list_read(const char *folder, struct platform_entry **entries, int64_t *count,
                        struct arena *arena, struct error *error);

/* Name, chips and title of each, or the problem. */
void platform_list_print(const struct platform_entry *entries, int64_t count, FILE *file);
