/* SPDX-License-Identifier: Apache-2.0 */
/* MODEL.md, "Goodput". */
#include "training/checkpoint.h"

#include <math.h>

/* bf16 weights, and fp32 master weights, first and second moments of Adam. */
enum { BYTES_PER_PARAMETER = 2 + 4 + 4 + 4 };

double checkpoint_bytes(const struct model *model)
{
    return BYTES_PER_PARAMETER * model_parameters(model);
}

double checkpoint_young_s(double stop_s, double mean_s)
{
    return sqrt(2 * stop_s * mean_s);
}

double checkpoint_daly_s(double stop_s, double mean_s)
{
    if (stop_s >= 2 * mean_s) {
        return mean_s;
    }
    double ratio = stop_s / (2 * mean_s);
    return checkpoint_young_s(stop_s, mean_s) * (1 + sqrt(ratio) / 3 + ratio / 9) - stop_s;
}
