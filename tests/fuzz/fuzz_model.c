/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a config.json. A model that was accepted has a finite number of parameters. */
#include <assert.h>
#include <math.h>

#include "fuzz_input.h"
#include "workload/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct arena *arena = arena_create();
    struct model *model = model_read(fuzz_input_file("fuzz.json", data, size), arena, &error);
    fuzz_input_check(model != NULL, &error);
    if (model != NULL) {
        double parameters = model_parameters(model);
        assert(isfinite(parameters) && parameters > 0);
        assert(model_active_parameters(model) <= parameters * (1 + 1e-12));
    }
    arena_free(arena);
    return 0;
}
