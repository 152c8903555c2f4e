/* SPDX-License-Identifier: Apache-2.0 */
/* The pool of processes: every task runs once, failures and crashes stay their own. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "study/sweep_pool.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/engine.h"
#include "support/support.h"

enum { TASKS = 12, FAILING = 3, CRASHING = 7 };

struct record {
    int ended[TASKS];
    enum error_kind kind[TASKS];
    char message[TASKS][64];
};

static bool work(void *argument, int64_t task, struct error *error)
{
    (void)argument;
    if (task == CRASHING) {
        raise(SIGKILL);
    }
    return task != FAILING ||
           error_fill(error, ERROR_INFEASIBLE, "task %d does not fit", FAILING);
}

static void ended(void *argument, int64_t task, enum error_kind kind, const char *message)
{
    struct record *record = argument;
    record->ended[task]++;
    record->kind[task] = kind;
    strncat(record->message[task], message, sizeof record->message[task] - 1);
}

static void check_jobs(int jobs)
{
    struct record record = {.ended = {0}};
    struct error error = {.kind = ERROR_NONE};
    struct sweep_pool pool = {jobs, work, ended, &record};
    int64_t tasks[TASKS];
    for (int64_t t = 0; t < TASKS; t++) {
        tasks[t] = t;
    }
    CU_ASSERT_TRUE(sweep_pool_run(&pool, tasks, TASKS, &error));
    for (int t = 0; t < TASKS; t++) {
        bool right = t != FAILING && t != CRASHING;
        CU_ASSERT_EQUAL(record.ended[t], 1);
        CU_ASSERT_EQUAL(record.kind[t] == ERROR_NONE, right);
    }
    CU_ASSERT_EQUAL(record.kind[FAILING], ERROR_INFEASIBLE);
    CU_ASSERT_STRING_EQUAL(record.message[FAILING], "task 3 does not fit");
    CU_ASSERT_PTR_NOT_NULL(strstr(record.message[CRASHING], "signal 9"));
}

static void every_task_runs_once(void)
{
    check_jobs(1);
    check_jobs(2);
    check_jobs(50);
}

/* Every third fails in the middle of a simulation: the next task finds a new process. */
static bool remember(void *argument, int64_t task, struct error *error)
{
    static int done_before;
    int *longest = argument;
    *longest = done_before > *longest ? done_before : *longest;
    done_before++;
    struct wiring wiring = {.end_point_count = 1, .arena = arena_create()};
    if (task % 3 != 2) {
        return true;
    }
    return engine_start(&wiring, wiring.arena, error) != NULL &&
           error_fill(error, ERROR_INFEASIBLE, "every third fails");
}

static void forget(void *argument, int64_t task, enum error_kind kind, const char *message)
{
    (void)argument;
    (void)message;
    CU_ASSERT_EQUAL(kind, task % 3 != 2 ? ERROR_NONE : ERROR_INFEASIBLE);
}

static void a_broken_simulation_ends_its_process(void)
{
    int *longest =
        mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct error error = {.kind = ERROR_NONE};
    struct sweep_pool pool = {1, remember, forget, longest};
    int64_t tasks[TASKS];
    for (int64_t t = 0; t < TASKS; t++) {
        tasks[t] = t;
    }
    CU_ASSERT_TRUE(sweep_pool_run(&pool, tasks, TASKS, &error));
    CU_ASSERT_EQUAL(*longest, 2);
    munmap(longest, sizeof(int));
}

static bool ask_to_stop(void *argument, int64_t task, struct error *error)
{
    (void)argument;
    (void)error;
    if (task == 0) {
        kill(getppid(), SIGINT);
    }
    pause();
    return true;
}

static int interrupted(void *argument)
{
    (void)argument;
    struct record record = {.ended = {0}};
    struct error error = {.kind = ERROR_NONE};
    struct sweep_pool pool = {2, ask_to_stop, ended, &record};
    int64_t tasks[] = {0, 1, 2, 3};
    bool ran = sweep_pool_run(&pool, tasks, 4, &error);
    return ran || error.kind != ERROR_INTERRUPTED || record.ended[3] != 0;
}

static void an_interruption_ends_the_children(void)
{
    CU_ASSERT_TRUE(in_child(interrupted, NULL));
}

void suite_sweep_pool(void)
{
    static const struct test tests[] = {
        {"every task runs once, whatever becomes of others", every_task_runs_once},
        {"a broken simulation ends its process", a_broken_simulation_ends_its_process},
        {"an interruption ends the children", an_interruption_ends_the_children}};
    add_suite("sweep_pool", tests, sizeof tests / sizeof tests[0]);
}
