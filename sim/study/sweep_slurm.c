/* SPDX-License-Identifier: Apache-2.0 */
/* sbatch, squeue and scancel by their command lines: they are what every cluster has. */
#include "study/sweep_slurm.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

enum { ANSWER_SIZE = 512, NAP_MS = 500, LOST_LIMIT = 240 };

static volatile sig_atomic_t stop_asked;

static void ask_stop(int number)
{
    (void)number;
    stop_asked = 1;
}

const char *sweep_slurm_quote(const char *text, struct arena *arena)
{
    char *quoted = arena_alloc(arena, 4 * strlen(text) + 3), *at = quoted;
    *at++ = '\'';
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            memcpy(at, "'\\''", 4);
            at += 4;
        } else {
            *at++ = *text;
        }
    }
    *at = '\'';
    return quoted;
}

/* Runs a command; its first line goes to answer. False when it failed. */
static bool ask(const char *command, char answer[ANSWER_SIZE])
{
    answer[0] = '\0';
    FILE *pipe = popen(command, "r");
    if (pipe == NULL) {
        return false;
    }
    char line[ANSWER_SIZE];
    while (fgets(line, sizeof line, pipe) != NULL) {
        if (answer[0] == '\0') {
            line[strcspn(line, "\n")] = '\0';
            memcpy(answer, line, sizeof line);
        }
    }
    return pclose(pipe) == 0;
}

static const char *write_script(const struct sweep_slurm *slurm, struct arena *arena,
                                struct error *error)
{
    const char *folder = arena_format(arena, "%s/slurm", slurm->folder);
    const char *path = arena_format(arena, "%s/array.sh", folder);
    FILE *file = mkdir(folder, 0777) == 0 || errno == EEXIST ? fopen(path, "w") : NULL;
    if (file == NULL) {
        error_at(error, ERROR_SYSTEM, path, 0, 0, "cannot be written (%s)", strerror(errno));
        return NULL;
    }
    fprintf(file,
            "#!/bin/sh\n"
            "# One part of the sweep; the folder keeps what is done, so that a requeued part "
            "goes on.\n"
            "exec %s sweep %s --part \"$SLURM_ARRAY_TASK_ID/%lld\" "
            "--jobs \"${SLURM_CPUS_PER_TASK:-1}\" --quiet\n",
            sweep_slurm_quote(slurm->program, arena), slurm->arguments,
            (long long)slurm->tasks);
    if (fclose(file) != 0) {
        error_at(error, ERROR_SYSTEM, path, 0, 0, "cannot be written (%s)", strerror(errno));
        return NULL;
    }
    return path;
}

static bool submit(const struct sweep_slurm *slurm, const char *script, char id[ANSWER_SIZE],
                   struct arena *arena, struct error *error)
{
    const char *command = arena_format(
        arena,
        "sbatch --parsable --requeue --open-mode=append --job-name=trnsim-sweep "
        "--array=0-%lld%%%lld --output=%s %s 2>&1",
        (long long)slurm->tasks - 1, (long long)slurm->at_once,
        sweep_slurm_quote(arena_format(arena, "%s/slurm/%%a.log", slurm->folder), arena),
        sweep_slurm_quote(script, arena));
    bool submitted = ask(command, id);
    id[strcspn(id, ";")] = '\0'; /* "ID;CLUSTER" */
    if (submitted && id[strspn(id, "0123456789")] == '\0' && id[0] != '\0') {
        return true;
    }
    return error_fill(error, ERROR_SYSTEM,
                      "Slurm does not take the job array (%.200s); is sbatch there, and does "
                      "'sinfo' answer?",
                      id[0] == '\0' ? "no answer" : id);
}

/* Whether parts of the array still wait or run. A controller that does not answer is asked
 * again for two minutes. */
static bool is_queued(const char *id, int *lost, struct arena *arena)
{
    char answer[ANSWER_SIZE];
    bool answered =
        ask(arena_format(arena, "squeue --noheader --jobs=%s --format=%%T 2>&1", id), answer);
    if (answered) {
        *lost = 0;
        return answer[0] != '\0';
    }
    return strstr(answer, "Invalid job id") == NULL && ++*lost < LOST_LIMIT;
}

bool sweep_slurm_run(const struct sweep_slurm *slurm, struct arena *arena, struct error *error)
{
    char id[ANSWER_SIZE], ignored[ANSWER_SIZE];
    const char *script = write_script(slurm, arena, error);
    struct sigaction action = {.sa_handler = ask_stop}, before[2];
    if (script == NULL || !submit(slurm, script, id, arena, error)) {
        return false;
    }
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, &before[0]);
    sigaction(SIGTERM, &action, &before[1]);
    stop_asked = 0;
    struct timespec nap = {.tv_nsec = NAP_MS * 1000 * 1000L};
    for (int lost = 0; !stop_asked && is_queued(id, &lost, arena);) {
        if (slurm->waited != NULL) {
            slurm->waited(slurm->argument);
        }
        nanosleep(&nap, NULL);
    }
    sigaction(SIGINT, &before[0], NULL);
    sigaction(SIGTERM, &before[1], NULL);
    if (!stop_asked) {
        return true;
    }
    ask(arena_format(arena, "scancel %s", id), ignored);
    return error_fill(error, ERROR_INTERRUPTED,
                      "interrupted; the job array %.40s was cancelled, what was done is kept",
                      id);
}
