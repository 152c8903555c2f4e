/* SPDX-License-Identifier: Apache-2.0 */
/* On which platform file a measured row is simulated, and what its software does, by the row's
 * own columns: tables in workloads/measured/, never by row, group or source. */
#pragma once

#include "base/csv.h"
#include "hardware/platform.h"
#include "study/engines.h"

struct machines {
    struct csv *table, *frameworks, *devices;
    struct csv *calls, *modules; /* of engines' kernels, of layers in tables */
    const char *platform_folder;
    struct platform **platforms;        /* [table rows], read when first needed */
    struct platform **device_platforms; /* [devices rows], likewise */
    struct engines *engines;
    struct platform **hardware_platforms; /* [hardware rows], likewise */
    const char *broken;                   /* platform that could not be read last, and why */
    struct error broken_why;
    struct arena *arena;
};

/* Reads machines.csv, frameworks.csv, devices.csv, calls.csv and modules.csv of a folder;
 * platforms are beside it. */
struct machines *machines_read(const char *folder, struct arena *arena, struct error *error);

/* The platform of a row of the engines' hardware table. */
struct platform *machines_hardware(struct machines *machines, int64_t row, struct error *error);

/* The table's first row for an accelerator (all words of the row's name are in it), node size
 * and system (a part of its name); else that of the hardware so named; -1 when there is none.
 */
int64_t machines_find(const struct machines *machines, const char *accelerator,
                      int64_t chips_per_node, const char *system);

struct platform *machines_platform(struct machines *machines, int64_t row, struct error *error);

/* What a framework does by default: the longest name that the text begins with, and of its
 * versions the newest that is not above the text's. */
int64_t machines_framework(const struct machines *machines, const char *framework);

/* What a call of an engine's kernel needs beside it: the first row whose name the text holds.
 */
int64_t machines_call(const struct machines *machines, const char *kernel);

/* The row of a layer of a module, -1 when it is not there. */
int64_t machines_layer(const struct machines *machines, const char *module, const char *layer);

/* Chips of kernel tables: the first row all of whose words a device's name has, or -1. */
int64_t machines_device(const struct machines *machines, const char *device);
struct platform *machines_device_platform(struct machines *machines, int64_t row,
                                          struct error *error);
