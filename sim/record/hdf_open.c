/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a result for reading. A file may come from anywhere, so each way to be wrong
 * (missing, no HDF5, damaged, of another program, of another schema) has its own message. */
#include "record/hdf.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "record/result_file.h"

static bool check_readable(const char *path, struct error *error)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        return error_at(error, ERROR_SYSTEM, path, 0, 0, "cannot be read (%s); check the path",
                        strerror(errno));
    }
    if (!S_ISREG(status.st_mode)) {
        return error_at(error, ERROR_INPUT, path, 0, 0,
                        "is no regular file, expected a result of trnsim (.h5)");
    }
    return true;
}

/* HDF5 tells signature and permission problems apart only by trying. */
static hid_t open_file(const char *path, struct error *error)
{
    hdf_quiet();
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_file_locking(access, false, true); /* many shared file systems have no locks */
    htri_t is_hdf5 = H5Fis_hdf5(path);
    hid_t file = is_hdf5 > 0 ? H5Fopen(path, H5F_ACC_RDONLY, access) : -1;
    H5Pclose(access);
    if (is_hdf5 == 0) {
        error_at(error, ERROR_INPUT, path, 0, 0,
                 "is no HDF5 file, expected a result written by trnsim run");
    } else if (is_hdf5 < 0) {
        hdf_refused(path, "read the file", error);
    } else if (file < 0) {
        error_at(error, ERROR_INPUT, path, 0, 0,
                 "is damaged or cut short, expected a whole result of trnsim; copy it again or "
                 "run again");
    }
    return file;
}

hid_t hdf_open_result(const char *path, struct error *error)
{
    hid_t file = check_readable(path, error) ? open_file(path, error) : -1;
    if (file < 0) {
        return -1;
    }
    int64_t version = 0;
    char *kind = hdf_read_text(file, "kind");
    bool ours = kind != NULL && hdf_read_count(file, "schema_version", &version);
    hdf_free_text(kind);
    if (ours && version == RESULT_SCHEMA_VERSION) {
        return file;
    }
    if (ours) {
        error_at(error, ERROR_INPUT, path, 0, 0,
                 "has schema version %lld, this trnsim reads %d; run again with this trnsim",
                 (long long)version, RESULT_SCHEMA_VERSION);
    } else {
        error_at(error, ERROR_INPUT, path, 0, 0,
                 "is HDF5 of another program, expected a result written by trnsim run");
    }
    H5Fclose(file);
    return -1;
}
