/* SPDX-License-Identifier: Apache-2.0 */
/* The few things of HDF5 that results are made of: groups, text and number attributes, columns.
 * Texts are UTF-8, of fixed length in columns; object times are off, so that equal results are
 * equal files. Functions return false (or a negative id) when HDF5 refused; hdf_refused then
 * says why. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hdf5.h>

#include "base/error.h"
#include "record/table.h"

/* Rows that are read or written at once, and of one compressed chunk. */
enum { HDF_BLOCK_ROWS = 8192 };

/* Stops HDF5 from printing its own errors. To be called before anything else of HDF5. */
void hdf_quiet(void);

/* Fills error from HDF5's own: "HDF5 refused to <what> (<reason>)". Always false. */
bool hdf_refused(const char *path, const char *what, struct error *error);

/* The group of a path below parent, made with its parents when it is not there. */
hid_t hdf_group(hid_t parent, const char *path);

bool hdf_add_text(hid_t object, const char *name, const char *text);
bool hdf_add_count(hid_t object, const char *name, int64_t value);

/* A dataset of exactly these bytes, as one text. Returns it open, or a negative id. */
hid_t hdf_add_bytes(hid_t group, const char *name, const char *bytes, size_t size);

/* One column of a table with its unit and meaning. */
bool hdf_add_column(hid_t group, const struct table *table, int column);

/* A text attribute, to be freed with hdf_free_text (NULL is allowed there); NULL when there is
 * none of that name or it is no text. */
char *hdf_read_text(hid_t object, const char *name);
void hdf_free_text(char *text);

bool hdf_read_count(hid_t object, const char *name, int64_t *value);

/* Opens a result of trnsim for reading; negative, with an INPUT or SYSTEM error, when it is
 * missing, damaged, of another program or of another schema version. */
hid_t hdf_open_result(const char *path, struct error *error);
