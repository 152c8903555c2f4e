/* SPDX-License-Identifier: Apache-2.0 */
/* Children write what they measured into memory that they share with the parent. Equal steps of
 * several claims are simulated once. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "study/claim_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "hardware/platform_change.h"
#include "study/claim_measure.h"
#include "study/sweep_pool.h"

enum { TASK_LIMIT = 512, SETTINGS = 32 };

struct task {
    struct claim *claim;
    const struct claim_run_text *run;
    const struct platform *platform;
    struct platform_change changes[CLAIM_PINS + 1]; /* none: as the file has it */
    int change_count;
    const char *key;     /* equal tasks have equal keys */
    const char *message; /* NULL: it went well */
    enum error_kind kind;
};

struct tasks {
    struct task list[TASK_LIMIT];
    int64_t count;
    struct claim_outcome *outcomes; /* shared with children */
    const struct claim_options *options;
    struct arena *arena;
};

static int split(const char *text, const char *words[SETTINGS], struct arena *arena)
{
    int count = 0;
    char *rest = text == NULL ? NULL : arena_text(arena, text);
    for (char *word;
         rest != NULL && count < SETTINGS && (word = strtok_r(rest, " \n", &rest)) != NULL;) {
        words[count++] = word;
    }
    return count;
}

/* A trace is named relative to the claim, like every file. */
static void place_traces(const struct claim *claim, const char **settings, int count,
                         struct arena *arena)
{
    static const char keys[][16] = {"trace=", "load.trace="};
    for (int i = 0; i < count; i++) {
        for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
            size_t length = strlen(keys[k]);
            if (strncmp(settings[i], keys[k], length) == 0) {
                settings[i] = arena_format(arena, "%s%s", keys[k],
                                           claim_file(claim, settings[i] + length));
            }
        }
    }
}

static int64_t add(struct tasks *tasks, const struct task *task, struct error *error)
{
    for (int64_t i = 0; i < tasks->count; i++) {
        if (strcmp(tasks->list[i].key, task->key) == 0) {
            return i;
        }
    }
    if (tasks->count == TASK_LIMIT) {
        error_fill(error, ERROR_INPUT,
                   "the claims need more than %d simulated steps; name fewer", TASK_LIMIT);
        return -1;
    }
    tasks->list[tasks->count] = *task;
    return tasks->count++;
}

static const struct platform *find_platform(const struct claim *claim, const char *name,
                                            struct error *error)
{
    for (unsigned i = 0; i < claim->text->platforms_count; i++) {
        if (strcmp(claim->text->platforms[i].name, name) == 0) {
            return claim->platforms[i];
        }
    }
    error_at(error, ERROR_INPUT, claim->path, 0, 0,
             "a run is on the platform '%s', expected one that is listed under platforms",
             name);
    return NULL;
}

/* The property that a pin "RUN: PROPERTY" gives a value; NULL when it is of no such run. */
static const char *pinned(const struct claim_pin *pin, const struct claim_run_text *run)
{
    size_t length = strlen(run->name);
    bool own = strncmp(pin->name, run->name, length) == 0 && pin->name[length] == ':';
    return own ? pin->name + length + 1 + strspn(pin->name + length + 1, " ") : NULL;
}

static bool is_pinned(const struct tasks *tasks, const struct claim_run_text *run,
                      const char *property)
{
    for (int i = 0; i < tasks->options->pin_count; i++) {
        const char *own = pinned(&tasks->options->pins[i], run);
        if (own != NULL && strcmp(own, property) == 0) {
            return true;
        }
    }
    return false;
}

static void change(struct tasks *tasks, struct task *task, const char *property,
                   const char *value)
{
    task->changes[task->change_count++] = (struct platform_change){property, value};
    task->key = arena_format(tasks->arena, "%s|%s=%s", task->key, property, value);
}

/* property NULL: the run as the claim has it, but for what is pinned. */
static int64_t add_task(struct tasks *tasks, struct claim *claim,
                        const struct claim_run_text *run, const char *property,
                        const char *value, struct error *error)
{
    const struct platform *platform = find_platform(claim, run->platform, error);
    if (platform == NULL) {
        return -1;
    }
    struct task task = {.claim = claim, .run = run, .platform = platform};
    task.key = arena_format(tasks->arena, "%s|%s|%s|%s|%s", claim_file(claim, run->workload),
                            platform->path, run->domains, run->set != NULL ? run->set : "",
                            run->find != NULL ? run->find : "");
    for (int i = 0; i < tasks->options->pin_count; i++) {
        struct claim_pin *pin = &tasks->options->pins[i];
        if (pinned(pin, run) != NULL) {
            change(tasks, &task, pinned(pin, run), pin->value);
            pin->used = true;
        }
    }
    if (property != NULL) {
        change(tasks, &task, property, value);
    }
    return add(tasks, &task, error);
}

static bool simulate_task(struct tasks *tasks, int64_t index, struct error *error)
{
    const struct task *task = &tasks->list[index];
    struct arena *arena = arena_create();
    struct platform *platform = arena_alloc(arena, sizeof *platform);
    *platform = *task->platform;
    if (task->change_count > 0) {
        platform = platform_change(platform, task->changes, task->change_count, arena, error);
    }
    const char *settings[SETTINGS];
    int count = split(task->run->set, settings, arena);
    place_traces(task->claim, settings, count, arena);
    struct scenario *scenario =
        platform == NULL ? NULL
                         : scenario_read(claim_file(task->claim, task->run->workload),
                                         platform->name, settings, count, arena, error);
    if (scenario == NULL) {
        return false;
    }
    platform->domain_count = strtoll(task->run->domains, NULL, 10);
    return platform_check_domains(platform, error) &&
           claim_measure(task->run, platform, scenario, &tasks->outcomes[index], arena, error);
}

/* In the child. Only a message reaches the parent: a file that is wrong is put into it. */
static bool simulate(void *argument, int64_t index, struct error *error)
{
    bool done = simulate_task(argument, index, error);
    if (!done && error->path[0] != '\0') {
        char message[sizeof error->message];
        snprintf(message, sizeof message, "%.150s: %.600s", error->path, error->message);
        memcpy(error->message, message, sizeof message);
    }
    return done;
}

static void ended(void *argument, int64_t index, enum error_kind kind, const char *message)
{
    struct tasks *tasks = argument;
    struct task *task = &tasks->list[index];
    if (!tasks->outcomes[index].done) {
        task->kind = kind == ERROR_NONE ? ERROR_SYSTEM : kind;
        task->message = arena_text(tasks->arena,
                                   message[0] != '\0' ? message : "it ended without a result");
    }
}

/* Tasks of one property at both ends of its range, and its driver. */
static bool add_vary(struct tasks *tasks, struct claim *claim, int64_t r, const char *name,
                     struct error *error)
{
    const struct claim_run_text *run = &claim->text->runs[r];
    const struct platform *platform = find_platform(claim, run->platform, error);
    const struct property *property =
        platform == NULL ? NULL : platform_property(platform, name);
    if (property == NULL) {
        return error_at(error, ERROR_INPUT, claim->path, 0, 0,
                        "run '%s' varies '%s', which its platform does not have; trnsim "
                        "platform inspect lists the properties",
                        run->name, name);
    }
    if (!(property->low < property->high)) {
        return error_at(error, ERROR_INPUT, claim->path, 0, 0,
                        "run '%s' varies '%s', which has no range (.low, .high) in %s",
                        run->name, name, platform->path);
    }
    claim->drivers = arena_grow(claim->arena, claim->drivers, claim->driver_count,
                                &claim->driver_capacity, sizeof *claim->drivers);
    struct claim_driver *driver = &claim->drivers[claim->driver_count++];
    *driver = (struct claim_driver){
        .name = arena_format(claim->arena, "%s: %s", run->name, name),
        .source = property->source,
        .value = property->value,
        .low = property->low,
        .high = property->high,
        .estimate = property->source != NULL && strncmp(property->source, "estimate", 8) == 0,
        .run = r};
    for (int end = 0; end < 2; end++) {
        char value[64];
        snprintf(value, sizeof value, "%.17g%s", end == 0 ? property->low : property->high,
                 units_name(property->unit));
        int64_t task =
            add_task(tasks, claim, run, name, arena_text(claim->arena, value), error);
        if (task < 0) {
            return false;
        }
        driver->ends[end] = &tasks->outcomes[task];
    }
    return true;
}

static bool add_claim(struct tasks *tasks, struct claim *claim, struct error *error)
{
    const struct claim_text *text = claim->text;
    claim->outcomes = arena_array(claim->arena, text->runs_count + 1, sizeof *claim->outcomes);
    for (unsigned r = 0; r < text->runs_count; r++) {
        int64_t task = add_task(tasks, claim, &text->runs[r], NULL, NULL, error);
        if (task < 0) {
            return false;
        }
        claim->outcomes[r] = &tasks->outcomes[task];
        const char *names[SETTINGS];
        int count = split(text->runs[r].vary, names, claim->arena);
        for (int i = 0; i < count && !tasks->options->no_ranges; i++) {
            if (!is_pinned(tasks, &text->runs[r], names[i]) &&
                !add_vary(tasks, claim, r, names[i], error)) {
                return false;
            }
        }
    }
    return true;
}

static void tell(const struct tasks *tasks, struct claim *claim,
                 const struct claim_outcome *outcome)
{
    const struct task *task = &tasks->list[outcome - tasks->outcomes];
    const char *with = "";
    for (int i = 0; i < task->change_count; i++) {
        with = arena_format(tasks->arena, "%s%s%s = %s", with, i == 0 ? " with " : ", ",
                            task->changes[i].name, task->changes[i].value);
    }
    if (task->message != NULL) {
        error_at(&claim->error, task->kind, claim->path, 0, 0, "run '%s'%.150s: %.600s",
                 task->run->name, with, task->message);
    }
}

static void tell_claim(const struct tasks *tasks, struct claim *claim)
{
    for (unsigned r = 0; r < claim->text->runs_count; r++) {
        tell(tasks, claim, claim->outcomes[r]);
    }
    for (int64_t d = 0; d < claim->driver_count; d++) {
        tell(tasks, claim, claim->drivers[d].ends[0]);
        tell(tasks, claim, claim->drivers[d].ends[1]);
    }
}

/* The largest machines first, so that no process is left alone with one at the end. */
static void sort_by_size(const struct tasks *tasks, int64_t *order)
{
    double sizes[TASK_LIMIT];
    for (int64_t i = 0; i < tasks->count; i++) {
        const struct task *task = &tasks->list[i];
        double size = strtod(task->run->domains, NULL) * (double)task->platform->chip_count;
        int64_t at = i;
        for (; at > 0 && sizes[at - 1] < size; at--) {
            order[at] = order[at - 1];
            sizes[at] = sizes[at - 1];
        }
        order[at] = i;
        sizes[at] = size;
    }
}

bool claim_run_all(struct claim **claims, int64_t count, const struct claim_options *options,
                   struct arena *arena, struct error *error)
{
    struct tasks *tasks = arena_alloc(arena, sizeof *tasks);
    tasks->arena = arena;
    tasks->options = options;
    size_t size = TASK_LIMIT * sizeof(struct claim_outcome);
    tasks->outcomes =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (tasks->outcomes == MAP_FAILED) {
        return error_fill(error, ERROR_SYSTEM, "no memory to share with processes");
    }
    for (int64_t i = 0; i < count; i++) {
        add_claim(tasks, claims[i], &claims[i]->error);
    }
    int64_t order[TASK_LIMIT];
    sort_by_size(tasks, order);
    struct sweep_pool pool = {options->jobs, simulate, ended, tasks};
    if (!sweep_pool_run(&pool, order, tasks->count, error)) {
        return false;
    }
    for (int64_t i = 0; i < count; i++) {
        if (claims[i]->error.kind == ERROR_NONE) {
            tell_claim(tasks, claims[i]);
        }
    }
    return true;
}
