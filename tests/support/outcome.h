/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs run in children (one engine a process), their executions brought back to compare. */
#pragma once

#include "execution/executor.h"

enum { OUTCOME_NUMBERS = 1 << 16 };

struct outcome {
    bool ran;
    char message[512]; /* why it did not */
    double time_s, part_s[PART_OF_TIME_COUNT];
    int64_t activities, transfers;
    int64_t op_count;
    double op_s[OUTCOME_NUMBERS], op_times[OUTCOME_NUMBERS];
    int64_t pair_count;
    double pair_bytes[OUTCOME_NUMBERS];
    int64_t span_count; /* of instructions, sorted by team and instruction */
    struct span spans[OUTCOME_NUMBERS];
};

struct outcome_way {
    enum detail detail;
    bool coalesce;
};

/* Runs the job. The outcome is valid until the next but one call. */
const struct outcome *outcome_of(const struct job *job, struct outcome_way way);
