/* SPDX-License-Identifier: Apache-2.0 */
/* On which platform file a measured row is simulated, and what its software does, by the row's
 * own columns: tables in workloads/measured/, never by row, group or source. */
#pragma once

#include "base/csv.h"
#include "hardware/platform.h"

struct machines {
    struct csv *table, *frameworks, *devices;
    const char *platform_folder;
    struct platform **platforms;        /* [table rows], read when first needed */
    struct platform **device_platforms; /* [devices rows], likewise */
    struct arena *arena;
};

/* Reads machines.csv, frameworks.csv and devices.csv of a folder; platforms are beside it. */
struct machines *machines_read(const char *folder, struct arena *arena, struct error *error);

/* The table's first row for an accelerator, node size and system (a part of its name); -1 when
 * there is none. */
int64_t machines_find(const struct machines *machines, const char *accelerator,
                      int64_t chips_per_node, const char *system);

struct platform *machines_platform(struct machines *machines, int64_t row, struct error *error);

/* What a framework does by default: the longest name that the text begins with. */
int64_t machines_framework(const struct machines *machines, const char *framework);

/* Chips of kernel tables: the row of a device by its exact name, -1 when it is not there. */
int64_t machines_device(const struct machines *machines, const char *device);
struct platform *machines_device_platform(struct machines *machines, int64_t row,
                                          struct error *error);
