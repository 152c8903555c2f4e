/* SPDX-License-Identifier: Apache-2.0 */
/* What is to happen at which instant of simulated time: everything due at the same one shares
 * one sleep. */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "engine/engine.h"

struct activity {
    double bytes;
    int32_t pair; /* -1: only calls back */
    engine_done *done;
    void *argument;
    struct activity *next;
};

struct moment;
struct moments {
    struct arena *arena;
    struct moment *table;
    struct moment *free_moments;
    struct activity *free_activities;
};

/* Adds an activity; returns the moment if it is a new one, which somebody has to sleep for,
 * otherwise NULL. */
struct moment *moments_add(struct moments *moments, double due_s,
                           const struct activity *activity);

double moments_due_s(const struct moment *moment);

/* The moment has come: takes it out of the table and returns its activities, in the order in
 * which they were added. */
struct activity *moments_take(struct moments *moments, struct moment *moment);

/* Gives an activity back. */
void moments_free(struct moments *moments, struct activity *activity);
