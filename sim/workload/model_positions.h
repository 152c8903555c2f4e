/* SPDX-License-Identifier: Apache-2.0 */
/* How long a model's sequences may be, by its config. */
#pragma once

#include <jansson.h>
#include <stdint.h>

/* Positions with what the config's rope_scaling makes of those that it states: engines serve no
 * longer sequences unless they are told to. */
int64_t model_positions_scaled(const json_t *config, int64_t positions);
