/* SPDX-License-Identifier: Apache-2.0 */
/* Flipped bits in parts of a file that carry no checksum can bring libhdf5 down: what is read
 * in a child takes nothing with it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "record/result_file.h"

struct reading {
    bool done;
    char digest[DIGEST_TEXT_SIZE];
    struct error error;
};

/* In the child: what the library or the allocator says of the crash is for nobody. */
static _Noreturn void read_all(const char *path, int to)
{
    static const int fatal[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};
    struct reading reading = {.done = false};
    for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++) {
        signal(fatal[i], SIG_DFL);
    }
    int nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    reading.done = result_file_digest(path, reading.digest, &reading.error);
    bool told = write(to, &reading, sizeof reading) == (ssize_t)sizeof reading;
    _exit(told ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* False when the child did not live to tell; true when it did, whatever that was. */
static bool read_apart(const char *path, struct reading *reading, struct error *error)
{
    int ends[2];
    pid_t child = -1;
    if (pipe(ends) == 0) {
        child = fork();
        if (child == 0) {
            close(ends[0]);
            read_all(path, ends[1]);
        }
        close(ends[1]);
    }
    if (child < 0) {
        return error_fill(error, ERROR_SYSTEM, "%s: no process to read it in; try again", path);
    }
    ssize_t size; /* less than a pipe's page: it comes whole */
    while ((size = read(ends[0], reading, sizeof *reading)) < 0 && errno == EINTR) {
    }
    close(ends[0]);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
    }
    return size == (ssize_t)sizeof *reading ||
           error_at(error, ERROR_INPUT, path, 0, 0,
                    "is damaged so that the HDF5 library fails on it, expected a whole result "
                    "of trnsim; copy it again or run again");
}

bool result_file_probe(const char *path, struct error *error)
{
    struct reading reading;
    return read_apart(path, &reading, error);
}

bool result_file_digest_apart(const char *path, char text[DIGEST_TEXT_SIZE],
                              struct error *error)
{
    struct reading reading;
    if (!read_apart(path, &reading, error)) {
        return false;
    }
    if (!reading.done) {
        *error = reading.error;
        return false;
    }
    memcpy(text, reading.digest, DIGEST_TEXT_SIZE);
    return true;
}
