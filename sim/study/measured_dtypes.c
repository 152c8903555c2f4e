/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* strcasestr */
#include "study/measured_dtypes.h"

#include <string.h>
#include <strings.h>

static bool has(const char *text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strcasestr(text, *words) != NULL) {
            return true;
        }
    }
    return false;
}

/* Weights of a few bits that are unpacked and multiplied in 16 ("AWQ", "w4a16"). */
static bool only_stored(const char *precision)
{
    static const char *const words[] = {"compute:bf16", "mxfp4", "a16", "awq", "gptq",
                                        "int4",         "gguf",  "q4",  NULL};
    return has(precision, words);
}

static enum dtype named_dtype(const char *precision)
{
    static const char *const four[] = {"fp4", "int4", "w4", "awq", "gptq", "gguf", "q4", NULL};
    static const char *const eight[] = {"int8", "w8", "w:fp8", NULL};
    if (has(precision, four)) {
        return DTYPE_FP4;
    }
    bool narrow = strncasecmp(precision, "fp8", 3) == 0 || has(precision, eight);
    return narrow ? DTYPE_FP8 : DTYPE_BF16;
}

/* What is multiplied: as stored, or, of four bits with wider activations, those. */
static enum dtype multiplied_dtype(const char *precision, enum dtype weights)
{
    static const char *const wider[] = {"w4a8", NULL};
    if (only_stored(precision)) {
        return DTYPE_BF16;
    }
    return has(precision, wider) ? DTYPE_FP8 : weights;
}

/* Experts of four bits as their publisher trained them, whatever the row calls them: with 8-bit
 * activations on chips that multiply four bits, else unpacked to 16. */
static void take_published(struct serving_scenario *scenario, const struct chip *chip)
{
    bool narrow = chip->array_flops_per_s[DTYPE_FP4] > 0;
    scenario->weight_dtype = DTYPE_FP4;
    scenario->activation_dtype = narrow ? DTYPE_FP8 : DTYPE_BF16;
    scenario->dense_dtype = DENSE_BF16;
}

void measured_dtypes_apply(const struct measured_format *format, const struct chip *chip,
                           struct serving_scenario *scenario)
{
    const char *precision = format->precision, *narrow = format->narrow_kv;
    bool stored = only_stored(precision);
    scenario->weight_dtype = named_dtype(precision);
    scenario->activation_dtype = multiplied_dtype(precision, scenario->weight_dtype);
    if (!(chip->array_flops_per_s[scenario->activation_dtype] > 0)) {
        scenario->activation_dtype = DTYPE_BF16;
    }
    bool packed = stored && strcasestr(precision, "mxfp4") == NULL; /* all matrices alike */
    bool fp4 = scenario->weight_dtype == DTYPE_FP4 && !packed;
    bool eight = scenario->weight_dtype == DTYPE_FP8 && !stored;
    scenario->kv_dtype =
        (fp4 && strstr(narrow, "fp4") != NULL) || (eight && strstr(narrow, "fp8") != NULL)
            ? DTYPE_FP8
            : DTYPE_BF16;
    scenario->dense_dtype = fp4 ? DENSE_BF16 : DENSE_LIKE_EXPERTS;
    if (strcmp(format->published, "mxfp4") == 0) {
        take_published(scenario, chip);
    }
}
