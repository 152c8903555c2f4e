/* SPDX-License-Identifier: Apache-2.0 */
/* Children tell their errors through a pipe each, read when they have ended: a message is far
 * smaller than a pipe. */
#include "study/sweep_pool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "record/hdf.h"
#include "record/result_file.h"

enum { CHILDREN = 1024 };

struct child {
    pid_t id; /* 0: free */
    int64_t task;
    int pipe;
};

struct running {
    const struct sweep_pool *pool;
    struct child children[CHILDREN];
    int count;
};

static volatile sig_atomic_t stop_asked;

static void ask_stop(int number)
{
    (void)number;
    stop_asked = 1;
}

static void end_child(int number)
{
    result_file_abandon();
    _exit(number == SIGINT ? error_exit_status(ERROR_INTERRUPTED) : 128 + number);
}

static void on_signals(void (*handler)(int), struct sigaction before[2])
{
    struct sigaction action = {.sa_handler = handler};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, before);
    sigaction(SIGTERM, &action, before == NULL ? NULL : before + 1);
}

static _Noreturn void live_as_child(const struct sweep_pool *pool, int64_t task, int out,
                                    pid_t parent)
{
    struct error error = {.kind = ERROR_NONE};
    on_signals(end_child, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* a killed sweep leaves nobody working */
    if (getppid() != parent) {
        _exit(error_exit_status(ERROR_INTERRUPTED));
    }
    int nothing = open("/dev/null", O_WRONLY);
    dup2(nothing, STDOUT_FILENO);
    bool done = pool->work(pool->argument, task, &error);
    if (!done) {
        ssize_t written = write(out, error.message, strlen(error.message));
        (void)written;
    }
    _exit(done ? 0 : error_exit_status(error.kind));
}

static bool start(struct running *running, int64_t task, struct error *error)
{
    int ends[2];
    pid_t parent = getpid();
    if (pipe(ends) != 0) {
        return error_fill(error, ERROR_SYSTEM, "a pipe cannot be made (%s); use fewer jobs",
                          strerror(errno));
    }
    fflush(stdout);
    fflush(stderr);
    pid_t id = fork();
    if (id == 0) {
        close(ends[0]);
        live_as_child(running->pool, task, ends[1], parent);
    }
    close(ends[1]);
    if (id < 0) {
        close(ends[0]);
        return error_fill(error, ERROR_SYSTEM,
                          "a process cannot be started (%s); use fewer "
                          "jobs",
                          strerror(errno));
    }
    struct child *child = running->children;
    while (child->id != 0) {
        child++;
    }
    *child = (struct child){id, task, ends[0]};
    running->count++;
    return true;
}

static enum error_kind kind_of(int status)
{
    for (enum error_kind kind = ERROR_NONE; WIFEXITED(status) && kind < ERROR_KIND_COUNT;
         kind++) {
        if (error_exit_status(kind) == WEXITSTATUS(status)) {
            return kind;
        }
    }
    return ERROR_SYSTEM;
}

static void take_end(struct running *running, struct child *child, int status)
{
    char message[sizeof((struct error *)NULL)->message] = "";
    ssize_t length = read(child->pipe, message, sizeof message - 1);
    message[length > 0 ? length : 0] = '\0';
    close(child->pipe);
    if (message[0] == '\0' && WIFSIGNALED(status)) {
        snprintf(message, sizeof message, "the process was ended by signal %d",
                 WTERMSIG(status));
    }
    child->id = 0;
    running->count--;
    running->pool->ended(running->pool->argument, child->task, kind_of(status), message);
}

/* Waits for one child to end. */
static void wait_one(struct running *running)
{
    int status;
    pid_t id = waitpid(-1, &status, 0);
    for (int i = 0; id > 0 && i < CHILDREN; i++) {
        if (running->children[i].id == id) {
            take_end(running, &running->children[i], status);
            return;
        }
    }
}

static void end_all(struct running *running)
{
    for (int i = 0; i < CHILDREN; i++) {
        if (running->children[i].id != 0) {
            kill(running->children[i].id, SIGTERM);
        }
    }
    while (running->count > 0) {
        wait_one(running);
    }
}

bool sweep_pool_run(const struct sweep_pool *pool, const int64_t *tasks, int64_t count,
                    struct error *error)
{
    static struct running running;
    struct sigaction before[2];
    int jobs = pool->jobs < 1 ? 1 : pool->jobs > CHILDREN ? CHILDREN : pool->jobs;
    running = (struct running){.pool = pool};
    stop_asked = 0;
    on_signals(ask_stop, before);
    bool going = true;
    hdf_quiet(); /* HDF5 begins here instead of in every child */
    for (int64_t i = 0; going && !stop_asked && (i < count || running.count > 0);) {
        if (i < count && running.count < jobs) {
            going = start(&running, tasks[i++], error);
        } else {
            wait_one(&running);
        }
    }
    end_all(&running);
    sigaction(SIGINT, &before[0], NULL);
    sigaction(SIGTERM, &before[1], NULL);
    if (stop_asked) {
        return error_fill(error, ERROR_INTERRUPTED,
                          "interrupted; what was done is kept, the "
                          "same command goes on from there");
    }
    return going;
}
