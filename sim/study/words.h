/* SPDX-License-Identifier: Apache-2.0 */
/* Names of accelerators are written in many ways: "NVIDIA H100 80GB HBM3", "H100-SXM". A
 * pattern fits a name that has all its words. */
#pragma once

#include <stdbool.h>

/* Words are runs of letters, digits and '.', compared without case: "H100 PCIe" fits
 * "NVIDIA-H100-PCIE-80GB", "B200" does not fit "GB200". An empty pattern fits nothing. */
bool words_fit(const char *pattern, const char *name);
