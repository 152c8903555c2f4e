/* SPDX-License-Identifier: Apache-2.0 */
/* Results come back through memory that all processes share. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "study/children.h"

#include <string.h>
#include <sys/mman.h>

#include "study/sweep_pool.h"

struct shared {
    const struct children *children;
    char *results;
};

static void *result_of(const struct shared *shared, int64_t index)
{
    return shared->results + (size_t)index * shared->children->result_bytes;
}

static bool work(void *argument, int64_t index, struct error *error)
{
    const struct shared *shared = argument;
    struct arena *arena = arena_create();
    bool done = shared->children->work(arena, shared->children->argument, index,
                                       result_of(shared, index), error);
    arena_free(arena);
    return done;
}

static void ended(void *argument, int64_t index, enum error_kind kind, const char *message)
{
    const struct shared *shared = argument;
    (void)kind;
    shared->children->ended(result_of(shared, index), message);
}

bool children_run(const struct children *children, void *results, struct arena *arena,
                  struct error *error)
{
    size_t size = (size_t)(children->count + 1) * children->result_bytes;
    int64_t *tasks = arena_array(arena, children->count + 1, sizeof(int64_t));
    struct shared shared = {
        children, mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)};
    if (shared.results == MAP_FAILED) {
        return error_fill(error, ERROR_SYSTEM, "no memory to share with other processes");
    }
    for (int64_t i = 0; i < children->count; i++) {
        tasks[i] = i;
    }
    struct sweep_pool pool = {children->jobs, work, ended, &shared};
    bool ran = sweep_pool_run(&pool, tasks, children->count, error);
    memcpy(results, shared.results, (size_t)children->count * children->result_bytes);
    munmap(shared.results, size);
    return ran;
}
