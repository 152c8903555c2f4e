/* SPDX-License-Identifier: Apache-2.0 */
/* Write, fsync and rename. The temporary names stand in a fixed table that the signal handler
 * reads: at most a result, a timeline and a trace are written at once. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "record/new_file.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMPORARY_NAME ".trnsim-XXXXXX"
enum { FILES_AT_ONCE = 4 };

static struct { /* the writes in progress, for the signal handler */
    char path[PATH_MAX];
    volatile sig_atomic_t used;
} pending[FILES_AT_ONCE];

static void abandon(int place)
{
    if (pending[place].used) {
        unlink(pending[place].path);
        pending[place].used = 0;
    }
}

void new_file_abandon_all(void)
{
    for (int place = 0; place < FILES_AT_ONCE; place++) {
        abandon(place);
    }
}

/* The folder of a path, as text; false when there is no room. */
static bool folder_of(const char *path, char folder[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    size_t length = slash == NULL ? 0 : (size_t)(slash - path);
    if (strlen(path) + sizeof TEMPORARY_NAME >= PATH_MAX) {
        return false;
    }
    snprintf(folder, PATH_MAX, "%.*s", (int)length, path);
    if (length == 0) {
        strcpy(folder, slash == NULL ? "." : "/");
    }
    return true;
}

static bool check_folder(const char *path, const char *noun, struct error *error)
{
    char folder[PATH_MAX];
    struct stat status;
    size_t length = strlen(path);
    if (length == 0 || path[length - 1] == '/') {
        return error_at(error, ERROR_USAGE, path, 0, 0,
                        "this names no file to write a %s to; give the name of a file", noun);
    }
    if (!folder_of(path, folder)) {
        return error_at(error, ERROR_USAGE, path, 0, 0,
                        "the path is too long to write a %s to; give a shorter one", noun);
    }
    if (stat(folder, &status) != 0) {
        return error_at(error, ERROR_USAGE, path, 0, 0,
                        "the folder '%.300s' cannot be used for a %s (%s); make it first",
                        folder, noun, strerror(errno));
    }
    if (!S_ISDIR(status.st_mode)) {
        return error_at(error, ERROR_USAGE, path, 0, 0, "'%.300s' is no folder for a %s",
                        folder, noun);
    }
    return true;
}

static const char *kind_of(mode_t mode)
{
    if (S_ISDIR(mode)) {
        return "a folder";
    }
    return S_ISFIFO(mode) ? "a pipe" : S_ISSOCK(mode) ? "a socket" : "a device";
}

/* Follows a link to the file that is to be replaced, and refuses what is no file. */
static bool resolve(const char *path, const char *noun, char target[PATH_MAX],
                    struct error *error)
{
    struct stat status;
    if (!check_folder(path, noun, error)) {
        return false;
    }
    strcpy(target, path);
    if (lstat(path, &status) != 0) {
        return errno == ENOENT ||
               error_at(error, ERROR_SYSTEM, path, 0, 0, "cannot be used for a %s (%s)", noun,
                        strerror(errno));
    }
    if (stat(path, &status) != 0 || realpath(path, target) == NULL) {
        return error_at(error, ERROR_USAGE, path, 0, 0,
                        "is a link that leads nowhere (%s); give the path of a file",
                        strerror(errno));
    }
    if (!S_ISREG(status.st_mode)) {
        return error_at(error, ERROR_USAGE, path, 0, 0,
                        "is %s, expected a regular file or a new name for the %s",
                        kind_of(status.st_mode), noun);
    }
    if (access(target, W_OK) != 0) {
        return error_at(error, ERROR_SYSTEM, path, 0, 0,
                        "the %s that is there cannot be replaced (%s)", noun, strerror(errno));
    }
    return true;
}

static bool not_written(const char *path, const char *noun, int reason, struct error *error)
{
    const char *remedy = reason == ENOSPC || reason == EFBIG || reason == EDQUOT
                             ? "; make room or choose another disk"
                             : "";
    return error_at(error, ERROR_SYSTEM, path, 0, 0, "the %s cannot be written (%s)%s", noun,
                    strerror(reason), remedy);
}

static int free_place(void)
{
    int place = 0;
    while (place < FILES_AT_ONCE && pending[place].used) {
        place++;
    }
    assert(place < FILES_AT_ONCE);
    return place;
}

/* Signals wait meanwhile: a file that exists is one that new_file_abandon_all knows. */
static int open_temporary(const char *target, int place)
{
    char folder[PATH_MAX];
    sigset_t all, before;
    if (!folder_of(target, folder)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    snprintf(pending[place].path, PATH_MAX, "%.*s/" TEMPORARY_NAME,
             (int)(PATH_MAX - sizeof TEMPORARY_NAME - 1), folder);
    int descriptor = mkstemp(pending[place].path);
    pending[place].used = descriptor >= 0;
    int reason = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = reason;
    return descriptor;
}

bool new_file_open(struct new_file *file, const char *path, const char *noun,
                   struct error *error)
{
    *file = (struct new_file){.path = path, .noun = noun, .descriptor = -1, .place = -1};
    if (!resolve(path, noun, file->target, error)) {
        return false;
    }
    int place = free_place();
    file->descriptor = open_temporary(file->target, place);
    if (file->descriptor < 0) {
        return not_written(path, noun, errno, error);
    }
    file->place = place;
    return true;
}

bool new_file_check(const char *path, const char *noun, struct error *error)
{
    struct new_file file;
    if (!new_file_open(&file, path, noun, error)) {
        return false;
    }
    close(file.descriptor);
    abandon(file.place);
    return true;
}

const char *new_file_temporary(const struct new_file *file)
{
    return pending[file->place].path;
}

void new_file_write(struct new_file *file, const char *bytes, size_t size)
{
    while (size > 0 && file->reason == 0) {
        ssize_t count = write(file->descriptor, bytes, size);
        if (count < 0 && errno != EINTR) {
            file->reason = errno;
        }
        bytes += count > 0 ? count : 0;
        size -= count > 0 ? (size_t)count : 0;
    }
}

/* mkstemp makes files for the owner alone; a result is as open as any other file. */
static bool open_to_others(int descriptor)
{
    mode_t mask = umask(0);
    umask(mask);
    return fchmod(descriptor, 0666 & ~mask) == 0;
}

static bool unsynced;

void new_file_unsynced(void)
{
    unsynced = true;
}

bool new_file_close(struct new_file *file, struct error *error)
{
    bool written = file->reason == 0 && open_to_others(file->descriptor) &&
                   (unsynced || fsync(file->descriptor) == 0);
    int reason = file->reason != 0 ? file->reason : errno;
    bool closed = close(file->descriptor) == 0;
    if (written && closed && rename(pending[file->place].path, file->target) == 0) {
        pending[file->place].used = 0;
        return true;
    }
    reason = written ? errno : reason;
    abandon(file->place);
    return not_written(file->path, file->noun, reason, error);
}
