/* SPDX-License-Identifier: Apache-2.0 */
/* Measured kernels as work for a chip: rows of compute.csv, and the compressed tables of shapes
 * in a folder kernels/. Only long kernels of formats that training uses are taken of the
 * latter, evenly over each table. docs/MODEL.md, "Roofline". */
#pragma once

#include "study/measured.h"

/* The time of the kernel that the row of compute.csv describes; NAN when it is none. */
double measured_kernel_time_s(const struct csv *csv, int64_t row);

/* Appends the rows of all tables in folder/kernels; nothing when there is no such folder. */
bool measured_kernels_read(struct measured *measured, const char *folder, struct error *error);

/* The chip's time for a row of either kind. False when device or operation is unknown. */
bool measured_kernel_simulate(struct machines *machines, const struct measured_row *row,
                              double *time_s, struct error *error);
