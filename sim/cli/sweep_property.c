/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of a sweep that are platform.NAME, as changes of the platform's file. */
#include "cli/sweep_property.h"

#include <string.h>

#include "hardware/platform_change.h"

static struct platform_change change_of(const struct sweep *sweep, int64_t point, int key)
{
    return (struct platform_change){sweep->keys[key].name + strlen("platform."),
                                    sweep_value(sweep, point, key)};
}

static bool changes(const struct sweep *sweep, int64_t point, int key)
{
    return sweep->keys[key].target == SWEEP_PROPERTY && *sweep_value(sweep, point, key) != '\0';
}

bool sweep_property_check(const struct sweep *sweep, int64_t point, struct platform *platform,
                          bool *known, struct error *error)
{
    for (int k = 0; k < sweep->key_count; k++) {
        if (known[k] || !changes(sweep, point, k)) {
            continue;
        }
        struct arena *scratch = arena_create();
        struct platform_change change = change_of(sweep, point, k);
        struct error cause = {.kind = ERROR_NONE};
        known[k] = platform_change(platform, &change, 1, scratch, &cause) != NULL;
        arena_free(scratch);
        if (!known[k]) {
            return document_error(sweep->document, sweep->keys[k].place, error, cause.message);
        }
    }
    return true;
}

struct platform *sweep_property_apply(const struct sweep *sweep, int64_t point,
                                      struct platform *platform, struct arena *arena,
                                      struct error *error)
{
    struct platform_change *wanted = arena_array(arena, sweep->key_count, sizeof *wanted);
    int64_t count = 0;
    for (int k = 0; k < sweep->key_count; k++) {
        if (changes(sweep, point, k)) {
            wanted[count++] = change_of(sweep, point, k);
        }
    }
    if (count == 0) {
        struct platform *copy = arena_alloc(arena, sizeof *copy);
        *copy = *platform;
        return copy;
    }
    return platform_change(platform, wanted, count, arena, error);
}
