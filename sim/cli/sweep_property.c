/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of a sweep that are platform.NAME, as changes of the platform's file. */
#include "cli/sweep_property.h"

#include <string.h>

#include "hardware/platform_change.h"

struct platform *sweep_property_apply(const struct sweep *sweep, int64_t point,
                                      struct platform *platform, struct arena *arena,
                                      struct error *error)
{
    struct platform_change *changes = arena_array(arena, sweep->key_count, sizeof *changes);
    int64_t count = 0;
    for (int k = 0; k < sweep->key_count; k++) {
        const char *value = sweep_value(sweep, point, k);
        if (sweep->keys[k].target == SWEEP_PROPERTY && *value != '\0') {
            changes[count++] =
                (struct platform_change){sweep->keys[k].name + strlen("platform."), value};
        }
    }
    if (count == 0) {
        struct platform *copy = arena_alloc(arena, sizeof *copy);
        *copy = *platform;
        return copy;
    }
    return platform_change(platform, changes, count, arena, error);
}
