/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints: how large one is and how often it pays to write one. MODEL.md, "Goodput". */
#pragma once

#include "workload/model.h"

/* Weights as they are used, master weights and both moments: 14 bytes a parameter. */
double checkpoint_bytes(const struct model *model);

/* Work between two checkpoints that stop the job for stop_s each, with failures mean_s apart:
 * Young's first and Daly's higher-order approximation. */
double checkpoint_young_s(double stop_s, double mean_s);
double checkpoint_daly_s(double stop_s, double mean_s);
