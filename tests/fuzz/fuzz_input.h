/* SPDX-License-Identifier: Apache-2.0 */
/* What the fuzz targets share: inputs as files of a fixed name, and what must hold after any
 * reader, whatever it read. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Called by libFuzzer once, where it is defined, and for each input. */
int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Writes the bytes to a file of this name in a folder of this process; returns its path. */
const char *fuzz_input_file(const char *name, const void *bytes, size_t size);

/* Makes target appear in that folder under this name. */
void fuzz_input_link(const char *name, const char *target);

/* Ends with a crash unless exactly one of success and a complete error message came out. */
void fuzz_input_check(bool success, const struct error *error);
