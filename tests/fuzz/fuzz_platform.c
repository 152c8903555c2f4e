/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a platform file (its zone must be called "fuzz"). A machine that was accepted
 * has chips and links whose routes stay inside its tables. */
#include <assert.h>

#include "fuzz_input.h"
#include "hardware/platform.h"

static void check_routes(const struct platform *platform)
{
    int64_t ends = platform->chip_count + 1;
    for (int64_t i = 0; i < ends * ends; i++) {
        assert(platform->route_start[i] <= platform->route_start[i + 1]);
        for (int32_t k = platform->route_start[i]; k < platform->route_start[i + 1]; k++) {
            assert(platform->route_links[k] >= 0);
            assert(platform->route_links[k] < platform->link_count);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct arena *arena = arena_create();
    struct platform *platform =
        platform_read(fuzz_input_file("fuzz.xml", data, size), arena, &error);
    fuzz_input_check(platform != NULL, &error);
    if (platform != NULL) {
        assert(platform->chip_count > 0 && platform_chips(platform) > 0);
        check_routes(platform);
    }
    arena_free(arena);
    return 0;
}
