/* SPDX-License-Identifier: Apache-2.0 */
/* One call of a recorded session of agents, from a line of CSV. MODEL.md, "Serving: agents" */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "workload/arrivals.h"

enum { SESSION_LINE = 4096, SESSION_RANGES = 512, SESSION_BLOCK_TOKENS = 64 };

/* The first line of such a file. */
extern const char session_header[];

struct session_row {
    char text[SESSION_LINE]; /* the names lie in it */
    const char *session, *agent;
    int64_t number; /* of the agent's calls, from 0 */
    double time_s, think_s;
    int32_t input_tokens, output_tokens, prefix_blocks;
    struct block_range ranges[SESSION_RANGES]; /* [range_count] of the prompt's block ids */
    int32_t range_count, block_count;
};

/* NULL, or what is wrong with a line of length characters without its end; in words for people.
 */
const char *session_row_read(struct session_row *row, const char *line, int64_t length);
