/* SPDX-License-Identifier: Apache-2.0 */
/* Support of the suites. Temporary files live in one folder per process; children leave with
 * _exit, so that only the parent removes it. */
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH_SIZE = 512, FILES_MAX = 1024 };

static char folder[PATH_SIZE];
static char current[PATH_SIZE];
static char names[FILES_MAX][32];
static int name_count;
static pid_t owner;

bool near(double a, double b, double tolerance)
{
    if (a == b || fabs(a - b) <= tolerance * fmax(fabs(a), fabs(b))) {
        return true;
    }
    printf("\n    %.10g is not near %.10g (relative difference %.3g, allowed %.3g)", a, b,
           fabs(a - b) / fmax(fabs(a), fabs(b)), tolerance);
    return false;
}

void add_suite(const char *name, const struct test *tests, int count)
{
    CU_pSuite suite = CU_add_suite(name, NULL, NULL);
    for (int i = 0; i < count; i++) {
        if (suite == NULL || CU_add_test(suite, tests[i].name, tests[i].run) == NULL) {
            fprintf(stderr, "cannot add suite %s: %s\n", name, CU_get_error_msg());
            exit(2);
        }
    }
}

static void remove_files(void)
{
    if (getpid() != owner) {
        return;
    }
    for (int i = 0; i < name_count; i++) {
        snprintf(current, sizeof current, "%.400s/%.31s", folder, names[i]);
        unlink(current);
    }
    rmdir(folder);
}

bool in_child(int (*body)(void *), void *argument)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        int status = body(argument);
        fflush(NULL);
        remove_files();
        _exit(status);
    }
    int status = -1;
    if (child < 0 || waitpid(child, &status, 0) != child) {
        return false;
    }
    if (WIFSIGNALED(status)) {
        printf("\n    the child was ended by signal %d", WTERMSIG(status));
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* A child of in_child makes its own folder: the parent's numbers go on without it. */
static void open_folder(void)
{
    if (owner == getpid()) {
        return;
    }
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%.400s/trnsim-test-XXXXXX", base == NULL ? "/tmp" : base);
    if (mkdtemp(folder) == NULL) {
        perror("a folder for temporary files");
        exit(2);
    }
    if (owner == 0) {
        atexit(remove_files);
    }
    owner = getpid();
    name_count = 0;
}

const char *temporary_file(const char *text, const char *suffix)
{
    open_folder();
    if (name_count == FILES_MAX) {
        fprintf(stderr, "more than %d temporary files in one process\n", FILES_MAX);
        exit(2);
    }
    snprintf(names[name_count], sizeof names[0], "file-%d%.15s", name_count, suffix);
    snprintf(current, sizeof current, "%.400s/%.31s", folder, names[name_count++]);
    FILE *file = fopen(current, "w");
    if (file == NULL || fputs(text, file) == EOF || fclose(file) == EOF) {
        perror(current);
        exit(2);
    }
    return current;
}

const char *outside_data(const char *name)
{
    static char path[PATH_SIZE];
    const char *base = getenv("TRNSIM_DATA");
    snprintf(path, sizeof path, "%.250s/%.250s", base == NULL ? "../shared" : base, name);
    if (access(path, R_OK) == 0) {
        return path;
    }
    printf("\n    skipped: %s is not here", path);
    return NULL;
}
