/* SPDX-License-Identifier: Apache-2.0 */
/* Writing results. The file is built in memory and stored by our own write, fsync and rename:
 * HDF5 1.10 cannot close a file whose disk is full, and would try again when the program ends.
 * The price is memory for the (compressed) result. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "record/result_file.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record/hdf.h"

#define TEMPORARY_NAME ".trnsim-XXXXXX"
enum { IMAGE_STEP_BYTES = 1 << 16 };

/* The temporary file of the write in progress, for the signal handler. */
static char pending_path[PATH_MAX];
static volatile sig_atomic_t pending;

void result_file_abandon(void)
{
    if (pending) {
        unlink(pending_path);
        pending = 0;
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

static bool check_folder(const char *path, struct error *error)
{
    char folder[PATH_MAX];
    struct stat status;
    size_t length = strlen(path);
    if (length == 0 || path[length - 1] == '/') {
        return error_at(error, ERROR_USAGE, path, 0, 0,
                        "this names no file to write a result to; give a name such as a.h5");
    }
    if (!folder_of(path, folder)) {
        return error_at(error, ERROR_USAGE, path, 0, 0,
                        "the path is too long to write a result to; give a shorter one");
    }
    if (stat(folder, &status) != 0) {
        return error_at(error, ERROR_USAGE, path, 0, 0,
                        "the folder '%.300s' cannot be used for a result (%s); make it first",
                        folder, strerror(errno));
    }
    if (!S_ISDIR(status.st_mode)) {
        return error_at(error, ERROR_USAGE, path, 0, 0, "'%.300s' is no folder for a result",
                        folder);
    }
    return true;
}

static const char *noun(mode_t mode)
{
    if (S_ISDIR(mode)) {
        return "a folder";
    }
    return S_ISFIFO(mode) ? "a pipe" : S_ISSOCK(mode) ? "a socket" : "a device";
}

/* Follows a link to the file that is to be replaced, and refuses what is no file. */
static bool resolve(const char *path, char target[PATH_MAX], struct error *error)
{
    struct stat status;
    if (!check_folder(path, error)) {
        return false;
    }
    strcpy(target, path);
    if (lstat(path, &status) != 0) {
        return errno == ENOENT || error_at(error, ERROR_SYSTEM, path, 0, 0,
                                           "cannot be used for a result (%s)", strerror(errno));
    }
    if (stat(path, &status) != 0 || realpath(path, target) == NULL) {
        return error_at(error, ERROR_USAGE, path, 0, 0,
                        "is a link that leads nowhere (%s); give the path of a file",
                        strerror(errno));
    }
    if (!S_ISREG(status.st_mode)) {
        return error_at(error, ERROR_USAGE, path, 0, 0,
                        "is %s, expected a regular file or a new name for the result",
                        noun(status.st_mode));
    }
    if (access(target, W_OK) != 0) {
        return error_at(error, ERROR_SYSTEM, path, 0, 0,
                        "the result that is there cannot be replaced (%s)", strerror(errno));
    }
    return true;
}

static bool not_written(const char *path, struct error *error)
{
    int reason = errno;
    const char *remedy = reason == ENOSPC || reason == EFBIG || reason == EDQUOT
                             ? "; make room or choose another disk"
                             : "";
    return error_at(error, ERROR_SYSTEM, path, 0, 0, "the result cannot be written (%s)%s",
                    strerror(reason), remedy);
}

/* Signals wait meanwhile: a file that exists is one that result_file_abandon knows. */
static int open_temporary(const char *target)
{
    char folder[PATH_MAX];
    sigset_t all, before;
    if (!folder_of(target, folder)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    snprintf(pending_path, sizeof pending_path, "%.*s/" TEMPORARY_NAME,
             (int)(PATH_MAX - sizeof TEMPORARY_NAME - 1), folder);
    int descriptor = mkstemp(pending_path);
    pending = descriptor >= 0;
    int reason = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = reason;
    return descriptor;
}

bool result_file_check(const char *path, struct error *error)
{
    char target[PATH_MAX];
    if (!resolve(path, target, error)) {
        return false;
    }
    int descriptor = open_temporary(target);
    if (descriptor < 0) {
        return not_written(path, error);
    }
    close(descriptor);
    result_file_abandon();
    return true;
}

static bool write_all(int descriptor, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t count = write(descriptor, bytes, size);
        if (count < 0 && errno != EINTR) {
            return false;
        }
        bytes += count > 0 ? count : 0;
        size -= count > 0 ? (size_t)count : 0;
    }
    return true;
}

/* mkstemp makes files for the owner alone; a result is as open as any other file. */
static bool open_to_others(int descriptor)
{
    mode_t mask = umask(0);
    umask(mask);
    return fchmod(descriptor, 0666 & ~mask) == 0;
}

static bool store(const char *target, const char *bytes, size_t size)
{
    int descriptor = open_temporary(target);
    if (descriptor < 0) {
        return false;
    }
    bool written = write_all(descriptor, bytes, size) && open_to_others(descriptor) &&
                   fsync(descriptor) == 0;
    int reason = errno;
    bool closed = close(descriptor) == 0;
    if (written && closed && rename(pending_path, target) == 0) {
        pending = 0;
        return true;
    }
    reason = written ? errno : reason;
    result_file_abandon();
    errno = reason;
    return false;
}

static bool add_table(hid_t file, const struct table *table)
{
    hid_t group = hdf_group(file, table->name);
    bool added = group >= 0 && hdf_add_text(group, "meaning", table->meaning);
    for (int i = 0; added && i < table->column_count; i++) {
        added = hdf_add_column(group, table, i);
    }
    H5Gclose(group);
    return added;
}

static bool add_input(hid_t group, const struct result_input *input)
{
    char digest[DIGEST_TEXT_SIZE];
    digest_of(input->text, input->size, digest);
    hid_t dataset = hdf_add_bytes(group, input->role, input->text, input->size);
    bool added = dataset >= 0 && hdf_add_text(dataset, "path", input->path) &&
                 hdf_add_text(dataset, "sha256", digest);
    H5Dclose(dataset);
    return added;
}

static bool add_everything(hid_t file, const struct result *result)
{
    bool added = hdf_add_count(file, "schema_version", RESULT_SCHEMA_VERSION) &&
                 hdf_add_text(file, "kind", result->kind);
    for (int i = 0; added && i < result->table_count; i++) {
        added = add_table(file, result->tables[i]);
    }
    hid_t inputs = hdf_group(file, "inputs");
    for (int i = 0; added && i < result->input_count; i++) {
        added = add_input(inputs, &result->inputs[i]);
    }
    hid_t provenance = hdf_group(file, "provenance");
    for (int i = 0; added && i < result->fact_count; i++) {
        added = hdf_add_text(provenance, result->facts[i].name, result->facts[i].text);
    }
    H5Gclose(inputs);
    H5Gclose(provenance);
    return added;
}

static hid_t create_in_memory(void)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS), creation = H5Pcreate(H5P_FILE_CREATE);
    H5Pset_fapl_core(access, IMAGE_STEP_BYTES, false);
    H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V110); /* checksums of metadata */
    H5Pset_obj_track_times(creation, false);
    hid_t file = H5Fcreate("result in memory", H5F_ACC_TRUNC, creation, access);
    H5Pclose(access);
    H5Pclose(creation);
    return file;
}

/* The core driver's handle is the address of its memory. H5Fget_file_image only tells the
 * size: in HDF5 1.10 it makes the checksum of newer file formats wrong. */
static bool store_image(hid_t file, const char *path, const char *target, struct error *error)
{
    void *handle = NULL;
    ssize_t size = H5Fflush(file, H5F_SCOPE_GLOBAL) < 0 ? -1 : H5Fget_file_image(file, NULL, 0);
    if (size <= 0 || H5Fget_vfd_handle(file, H5P_DEFAULT, &handle) < 0) {
        return hdf_refused(path, "finish the result", error);
    }
    const char *image = *(char **)handle;
    return store(target, image, (size_t)size) || not_written(path, error);
}

bool result_file_write(const char *path, const struct result *result, struct error *error)
{
    char target[PATH_MAX];
    if (!resolve(path, target, error)) {
        return false;
    }
    hdf_quiet();
    hid_t file = create_in_memory();
    bool written = (file >= 0 && add_everything(file, result))
                       ? store_image(file, path, target, error)
                       : hdf_refused(path, "build the result", error);
    H5Fclose(file);
    return written;
}
