/* SPDX-License-Identifier: Apache-2.0 */
#include "program/fold_uses.h"

#include <string.h>

const struct fold_use *fold_use(const struct fold *fold, int32_t program, int slot_or_peer)
{
    return &fold->uses[program * (SLOT_COUNT + PEER_COUNT) + slot_or_peer];
}

static void use(struct fold *fold, int32_t program, int slot_or_peer, int32_t spec)
{
    struct fold_use *target = &fold->uses[program * (SLOT_COUNT + PEER_COUNT) + slot_or_peer];
    for (int64_t i = 0; i < target->count; i++) {
        if (target->specs[i] == spec) {
            return;
        }
    }
    target->specs = arena_grow(fold->arena, target->specs, target->count, &target->capacity,
                               sizeof(int32_t));
    target->specs[target->count++] = spec;
}

static void use_sequence(struct fold *fold, int32_t program, const struct sequence *sequence)
{
    for (int64_t o = 0; o < sequence->op_count; o++) {
        if (sequence->ops[o].spec >= 0) {
            use(fold, program, (int)sequence->ops[o].slot, sequence->ops[o].spec);
        }
    }
}

void fold_uses_find(struct fold *fold)
{
    const struct job *job = fold->job;
    fold->uses = arena_array(fold->arena, job->program_count * (SLOT_COUNT + PEER_COUNT),
                             sizeof(struct fold_use));
    unsigned char *seen = arena_array(fold->arena, job->sequence_count + 1, 1);
    for (int32_t p = 0; p < job->program_count; p++) {
        memset(seen, 0, (size_t)job->sequence_count);
        for (int64_t i = 0; i < job->programs[p].count; i++) {
            const struct instruction *instruction = &job->programs[p].instructions[i];
            if (instruction->kind == INSTRUCTION_START) {
                use(fold, p, instruction->with, instruction->what);
            } else if (instruction->kind == INSTRUCTION_SEND) {
                use(fold, p, SLOT_COUNT + instruction->with, instruction->what);
            } else if (instruction->kind == INSTRUCTION_RUN && !seen[instruction->what]) {
                seen[instruction->what] = 1;
                use_sequence(fold, p, &job->sequences[instruction->what]);
            }
        }
    }
}
