/* SPDX-License-Identifier: Apache-2.0 */
/* Linear and dynamic scaling stretch the positions stated, YaRN those trained first; llama3 and
 * longrope are held in the positions stated (Hugging Face transformers, modeling_rope_utils).
 */
#include "workload/model_positions.h"

#include <stdbool.h>
#include <string.h>

static const char *type_of(const json_t *scaling)
{
    const char *type = json_string_value(json_object_get(scaling, "rope_type"));
    type = type != NULL ? type : json_string_value(json_object_get(scaling, "type"));
    return type != NULL ? type : "";
}

int64_t model_positions_scaled(const json_t *config, int64_t positions)
{
    const json_t *scaling = json_object_get(config, "rope_scaling");
    scaling = json_is_object(scaling) ? scaling : json_object_get(config, "rope_parameters");
    const json_t *first = json_object_get(scaling, "original_max_position_embeddings");
    bool yarn = strcmp(type_of(scaling), "yarn") == 0;
    bool stretched = yarn || strcmp(type_of(scaling), "linear") == 0 ||
                     strcmp(type_of(scaling), "dynamic") == 0;
    double factor = stretched ? json_number_value(json_object_get(scaling, "factor")) : 1;
    double from = yarn && json_is_integer(first) ? json_number_value(first) : (double)positions;
    double reached = from * factor;
    return reached > (double)positions && reached < 1e15 ? (int64_t)reached : positions;
}
