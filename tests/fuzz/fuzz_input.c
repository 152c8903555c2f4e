/* SPDX-License-Identifier: Apache-2.0 */
/* Files of fuzz targets lie in one folder in memory (/dev/shm) where there is one, and go at
 * the end of the process. */
#include "fuzz_input.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64], path[128], link_path[128];

static void remove_folder(void)
{
    unlink(path);
    unlink(link_path);
    rmdir(folder);
}

static void open_folder(void)
{
    if (folder[0] != '\0') {
        return;
    }
    strcpy(folder, access("/dev/shm", W_OK) == 0 ? "/dev/shm/fuzz-XXXXXX" : "/tmp/fuzz-XXXXXX");
    if (mkdtemp(folder) == NULL) {
        perror(folder);
        exit(2);
    }
    atexit(remove_folder);
}

const char *fuzz_input_file(const char *name, const void *bytes, size_t size)
{
    open_folder();
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
        perror(path);
        exit(2);
    }
    return path;
}

void fuzz_input_link(const char *name, const char *target)
{
    open_folder();
    snprintf(link_path, sizeof link_path, "%s/%s", folder, name);
    if (symlink(target, link_path) != 0) {
        perror(link_path);
        exit(2);
    }
}

void fuzz_input_check(bool success, const struct error *error)
{
    assert(success == (error->kind == ERROR_NONE));
    assert(success || error->message[0] != '\0');
    assert(error->line >= 0 && error->column >= 0);
}
