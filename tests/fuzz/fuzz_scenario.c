/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a workload file; what follows a 0 byte are overrides, each ended by the next 0.
 * The models are those of workloads/models. */
#include <assert.h>
#include <string.h>

#include "fuzz_input.h"
#include "workload/scenario.h"

enum { OVERRIDES_MAX = 4, SIZE_MAX_BYTES = 1 << 16 };

/* The overrides behind the file's text; *file_size is what stands before them. */
static int split(char *text, size_t size, size_t *file_size,
                 const char *overrides[OVERRIDES_MAX])
{
    int count = 0;
    *file_size = strlen(text);
    for (size_t at = *file_size + 1; at < size && count < OVERRIDES_MAX;
         at += strlen(text + at) + 1) {
        overrides[count++] = text + at;
    }
    return count;
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    fuzz_input_link("models", SOURCE_FOLDER "/workloads/models");
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[SIZE_MAX_BYTES + 1];
    const char *overrides[OVERRIDES_MAX];
    size_t file_size;
    if (size > SIZE_MAX_BYTES) {
        return -1;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    int count = split(text, size, &file_size, overrides);
    struct error error = {0};
    struct arena *arena = arena_create();
    struct scenario *scenario =
        scenario_read(fuzz_input_file("fuzz.yaml", text, file_size), "trn3-ultraserver",
                      overrides, count, arena, &error);
    fuzz_input_check(scenario != NULL, &error);
    if (scenario != NULL && scenario->kind == SCENARIO_TRAINING) {
        assert(scenario->model != NULL && scenario->batch_tokens > 0);
    }
    arena_free(arena);
    return 0;
}
