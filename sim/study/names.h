/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a table by what publications call things: "8x NVIDIA H100-SXM-80GB" is hardware
 * H100-SXM-80GB, "meta-llama/Llama-3.3-70B-Instruct" the model llama-3.3-70b. The case
 * of letters does not matter, nor whether words are parted by blanks, dashes or underscores. */
#pragma once

#include "base/csv.h"

/* Whether the text begins with so many letters of the name. */
bool names_begin(const char *text, const char *name, size_t length);

/* The row whose first column is the longest, in whole words, that the text begins with, or else
 * from the earliest word on; -1: none. */
int64_t names_hardware(const struct csv *csv, const char *text);

/* The row whose first column is the model's name but for its publisher and what says nothing of
 * its shape (Instruct, FP8, a date); -1: none. Another size or a distilled model is another. */
int64_t names_model(const struct csv *csv, const char *text);

/* The row whose name is another version's, "glm-4.6" for "glm-4.7-FP8"; -1: none. */
int64_t names_other_version(const struct csv *csv, const char *text);

/* Parameters by the name, "qwen3-30b-a3b": 30e9 of which a token meets 3e9; "8x7b": a mixture
 * that does not say how many. False when it tells no count. */
struct names_size {
    double parameters, active; /* active 0: all, or not told */
    bool mixture;
};
bool names_size(const char *text, struct names_size *size);
