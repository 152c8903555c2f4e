/* SPDX-License-Identifier: Apache-2.0 */
/* Reads with open and read, opened without waiting: a pipe in place of a file gets a message
 * instead of a program that stands still. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool refuse(const char *path, struct error *error)
{
    const char *reason = strerror(errno);
    const char *remedy = errno == ENOENT || errno == ENOTDIR
                             ? "check the path and the folder you are in"
                             : "check its permissions";
    return error_at(error, ERROR_SYSTEM, path, 0, 0, "cannot be read (%s); %s", reason, remedy);
}

/* What a descriptor must be before anything is read from it. */
static bool check(int descriptor, const char *path, size_t limit_bytes, size_t *size,
                  struct error *error)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0) {
        return refuse(path, error);
    }
    if (!S_ISREG(status.st_mode)) {
        return error_at(error, ERROR_SYSTEM, path, 0, 0, "is %s, expected a regular file",
                        S_ISDIR(status.st_mode) ? "a folder" : "a device or pipe");
    }
    *size = (size_t)status.st_size;
    if (*size > limit_bytes) {
        return error_at(error, ERROR_SYSTEM, path, 0, 0,
                        "has %zu bytes, expected at most %zu; is it the right file?", *size,
                        limit_bytes);
    }
    return true;
}

/* Up to size bytes; *got is less when the file became shorter meanwhile. */
static bool read_all(int descriptor, char *bytes, size_t size, size_t *got)
{
    *got = 0;
    while (*got < size) {
        ssize_t count = read(descriptor, bytes + *got, size - *got);
        if (count < 0 && errno != EINTR) {
            return false;
        }
        if (count == 0) {
            break;
        }
        *got += count > 0 ? (size_t)count : 0;
    }
    return true;
}

char *file_read(const char *path, size_t limit_bytes, size_t *size, struct arena *arena,
                struct error *error)
{
    *size = 0;
    int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) {
        refuse(path, error);
        return NULL;
    }
    size_t expected = 0;
    char *bytes = NULL;
    if (check(descriptor, path, limit_bytes, &expected, error)) {
        bytes = arena_alloc(arena, expected + 1);
        if (!read_all(descriptor, bytes, expected, size)) {
            refuse(path, error);
            bytes = NULL;
        }
    }
    close(descriptor);
    return bytes;
}
