/* SPDX-License-Identifier: Apache-2.0 */
#include "program/fold_serial.h"

struct reading { /* of one program */
    unsigned char (*beside)[SLOT_COUNT];
    int32_t started[SLOT_COUNT]; /* exchanges that may not be over; at most so many */
};

static void move(struct reading *reading, int slot)
{
    for (int other = 0; other < SLOT_COUNT; other++) {
        if (reading->started[other] > 0) {
            (*reading->beside)[slot] |= (unsigned char)(1 << other);
            (*reading->beside)[other] |= (unsigned char)(1 << slot);
        }
    }
}

static void read_sequence(struct reading *reading, const struct sequence *sequence)
{
    for (int64_t i = 0; i < sequence->op_count; i++) {
        if (sequence->ops[i].spec >= 0) {
            move(reading, (int)sequence->ops[i].slot);
        }
    }
}

static void read_instruction(struct reading *reading, const struct job *job,
                             const struct instruction *instruction)
{
    int32_t *started = &reading->started[instruction->with % SLOT_COUNT];
    if (instruction->kind == INSTRUCTION_RUN) {
        read_sequence(reading, &job->sequences[instruction->what]);
    } else if (instruction->kind == INSTRUCTION_START) {
        move(reading, instruction->with);
        ++*started;
    } else if (instruction->kind == INSTRUCTION_WAIT) {
        *started = *started < instruction->what ? *started : instruction->what;
    }
}

struct fold_serial fold_serial_find(const struct job *job, struct arena *arena)
{
    struct fold_serial serial = {
        arena_array(arena, job->program_count + 1, sizeof *serial.beside)};
    for (int64_t p = 0; p < job->program_count; p++) {
        struct reading reading = {.beside = &serial.beside[p]};
        for (int64_t i = 0; i < job->programs[p].count; i++) {
            read_instruction(&reading, job, &job->programs[p].instructions[i]);
        }
    }
    return serial;
}

bool fold_serial_apart(const struct fold_serial *serial, const struct team *team, int one,
                       int other)
{
    return (serial->beside[team->program][one] & (1 << other)) == 0;
}
