/* SPDX-License-Identifier: Apache-2.0 */
/* A table by instant. Instants are equal when their doubles are: two ways of adding up to the
 * same time may part by a rounding, and are then two moments. */
#include "engine/moments.h"

#include <assert.h>

#define uthash_malloc(size)        arena_alloc(moments->arena, size)
#define uthash_free(pointer, size) ((void)(pointer))
#define uthash_fatal(message)      assert(0 && message)
#include <uthash.h>

struct moment {
    double due_s;
    struct activity *first, *last;
    struct moment *next_free;
    UT_hash_handle hh;
};

static struct activity *new_activity(struct moments *moments, const struct activity *copied)
{
    struct activity *activity = moments->free_activities;
    if (activity == NULL) {
        activity = arena_alloc(moments->arena, sizeof *activity);
    } else {
        moments->free_activities = activity->next;
    }
    *activity = *copied;
    activity->next = NULL;
    return activity;
}

static struct moment *new_moment(struct moments *moments, double due_s)
{
    struct moment *moment = moments->free_moments;
    if (moment == NULL) {
        moment = arena_alloc(moments->arena, sizeof *moment);
    } else {
        moments->free_moments = moment->next_free;
    }
    *moment = (struct moment){.due_s = due_s};
    HASH_ADD(hh, moments->table, due_s, sizeof moment->due_s, moment);
    return moment;
}

struct moment *moments_add(struct moments *moments, double due_s,
                           const struct activity *activity)
{
    struct activity *added = new_activity(moments, activity);
    struct moment *moment = NULL, *new = NULL;
    HASH_FIND(hh, moments->table, &due_s, sizeof due_s, moment);
    if (moment == NULL) {
        moment = new = new_moment(moments, due_s);
        moment->first = added;
    } else {
        moment->last->next = added;
    }
    moment->last = added;
    return new;
}

double moments_due_s(const struct moment *moment)
{
    return moment->due_s;
}

struct activity *moments_take(struct moments *moments, struct moment *moment)
{
    struct activity *first = moment->first;
    HASH_DEL(moments->table, moment);
    moment->next_free = moments->free_moments;
    moments->free_moments = moment;
    return first;
}

void moments_free(struct moments *moments, struct activity *activity)
{
    activity->next = moments->free_activities;
    moments->free_activities = activity;
}
