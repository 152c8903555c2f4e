/* SPDX-License-Identifier: Apache-2.0 */
/* A child does one task after the other: starting a process costs more than a short simulation.
 * A line to each carries tasks there and reports back. A child that failed in the middle
 * of a simulation ends, since nobody knows what it left behind. */
#include "study/sweep_pool.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/engine.h"
#include "record/hdf.h"
#include "record/result_file.h"

/* SimGrid keeps a little of every simulation, which the next ones walk over: at 2,000 they take
 * twice as long. */
enum { CHILDREN = 1024, TASKS_EACH = 200 };

struct child {
    pid_t id;     /* 0: free */
    int64_t task; /* NOTHING: it waits for one */
    int line;     /* tasks go there, reports come back */
};
enum { NOTHING = -1 };

struct report {
    enum error_kind kind;
    bool last; /* the child ends now */
    char message[sizeof((struct error *)NULL)->message];
};

struct running {
    const struct sweep_pool *pool;
    struct child children[CHILDREN];
    int count; /* of children */
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

/* Memory given back to the system costs again, page by page, in every child. */
static void keep_memory(void)
{
    enum { KEPT_BYTES = 1 << 29 };
    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
    mallopt(M_MMAP_THRESHOLD, KEPT_BYTES);
}

static void on_signals(void (*handler)(int), struct sigaction before[2])
{
    struct sigaction action = {.sa_handler = handler};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, before);
    sigaction(SIGTERM, &action, before == NULL ? NULL : before + 1);
}

/* Does tasks as they come, until one fails or the process cannot simulate again. */
static _Noreturn void live_as_child(const struct running *running, int line, pid_t parent)
{
    const struct sweep_pool *pool = running->pool;
    struct report report = {.last = false};
    int count = 0;
    int64_t task;
    on_signals(end_child, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* a killed sweep leaves nobody working */
    if (getppid() != parent) {
        _exit(error_exit_status(ERROR_INTERRUPTED));
    }
    int nothing = open("/dev/null", O_WRONLY);
    dup2(nothing, STDOUT_FILENO);
    while (!report.last && read(line, &task, sizeof task) == (ssize_t)sizeof task) {
        struct error error = {.kind = ERROR_NONE};
        bool done = pool->work(pool->argument, task, &error);
        report.kind = error.kind;
        report.last = (!done && engine_started()) || !engine_end() || ++count == TASKS_EACH;
        memcpy(report.message, error.message, sizeof report.message);
        report.last = write(line, &report, sizeof report) < 0 || report.last;
    }
    _exit(0);
}

static bool refused(const char *what, struct error *error)
{
    return error_fill(error, ERROR_SYSTEM, "%s (%s); use fewer jobs", what, strerror(errno));
}

static bool start(struct running *running, struct error *error)
{
    int ends[2];
    pid_t parent = getpid();
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return refused("no line to another process can be made", error);
    }
    fflush(stdout);
    fflush(stderr);
    pid_t id = fork();
    if (id == 0) {
        close(ends[0]);
        for (int i = 0; i < CHILDREN; i++) { /* or its end would not be seen */
            if (running->children[i].id != 0) {
                close(running->children[i].line);
            }
        }
        live_as_child(running, ends[1], parent);
    }
    close(ends[1]);
    if (id < 0) {
        close(ends[0]);
        return refused("a process cannot be started", error);
    }
    struct child *child = running->children;
    while (child->id != 0) {
        child++;
    }
    *child = (struct child){id, NOTHING, ends[0]};
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

/* A child is over: what it was at failed, unless it told how it went. */
static void bury(struct running *running, struct child *child)
{
    char message[64] = "";
    int status = 0;
    int64_t task = child->task;
    close(child->line);
    while (waitpid(child->id, &status, 0) < 0 && errno == EINTR) {
    }
    *child = (struct child){.id = 0};
    running->count--;
    if (WIFSIGNALED(status)) {
        snprintf(message, sizeof message, "the process was ended by signal %d",
                 WTERMSIG(status));
    }
    if (task != NOTHING) {
        running->pool->ended(running->pool->argument, task, kind_of(status), message);
    }
}

static void take_report(struct running *running, struct child *child)
{
    struct report report;
    if (read(child->line, &report, sizeof report) != (ssize_t)sizeof report) {
        bury(running, child);
        return;
    }
    int64_t task = child->task;
    child->task = NOTHING;
    if (report.last) {
        bury(running, child);
    }
    running->pool->ended(running->pool->argument, task, report.kind, report.message);
}

/* Waits until a child tells something, for a second at most: a signal may come just before. */
static void wait_some(struct running *running)
{
    enum { SECOND_MS = 1000 };
    struct pollfd lines[CHILDREN];
    struct child *owners[CHILDREN];
    nfds_t count = 0;
    for (int i = 0; i < CHILDREN; i++) {
        if (running->children[i].id != 0) {
            owners[count] = &running->children[i];
            lines[count++] = (struct pollfd){running->children[i].line, POLLIN, 0};
        }
    }
    if (poll(lines, count, SECOND_MS) <= 0) {
        return;
    }
    for (nfds_t i = 0; i < count; i++) {
        if (lines[i].revents != 0) {
            take_report(running, owners[i]);
        }
    }
}

static int busy(const struct running *running)
{
    int count = 0;
    for (int i = 0; i < CHILDREN; i++) {
        count += running->children[i].id != 0 && running->children[i].task != NOTHING;
    }
    return count;
}

static struct child *idle(struct running *running)
{
    for (int i = 0; i < CHILDREN; i++) {
        if (running->children[i].id != 0 && running->children[i].task == NOTHING) {
            return &running->children[i];
        }
    }
    return NULL;
}

/* Gives a task to a child that has none. A child that died while it waited is told by its line
 * later, as one that died at work. */
static void give(struct child *child, int64_t task)
{
    child->task = task;
    ssize_t sent = send(child->line, &task, sizeof task, MSG_NOSIGNAL);
    (void)sent;
}

/* Children that have no task wait at the end of their line. */
static void end_all(struct running *running)
{
    for (int i = 0; i < CHILDREN; i++) {
        if (running->children[i].id != 0) {
            kill(running->children[i].id, SIGTERM);
            bury(running, &running->children[i]);
        }
    }
}

static bool all_done(struct running *running, const int64_t *tasks, int64_t count, int jobs,
                     struct error *error)
{
    int64_t given = 0;
    while (!stop_asked) {
        struct child *child = idle(running);
        if (given < count && child != NULL) {
            give(child, tasks[given++]);
        } else if (given < count && running->count < jobs) {
            if (!start(running, error)) {
                return false;
            }
        } else if (busy(running) > 0) {
            wait_some(running);
        } else {
            break;
        }
    }
    return true;
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
    keep_memory();
    hdf_quiet(); /* HDF5 begins here instead of in every child */
    bool going = all_done(&running, tasks, count, jobs, error);
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

int sweep_pool_jobs(int64_t asked)
{
    long processors = asked > 0 ? (long)asked : sysconf(_SC_NPROCESSORS_ONLN);
    return processors > 0 ? (int)processors : 1;
}
