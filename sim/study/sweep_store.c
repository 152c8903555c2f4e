/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in the folder is the only state of a sweep: a run after a crash reads it again.
 */
#define _GNU_SOURCE /* syncfs */
#include "study/sweep_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "record/hdf.h"
#include "record/result_file.h"

enum { FAILURE_LIMIT = 1 << 16, COLUMN_LIMIT = 256 };
static const char failure_head[] = "trnsim sweep, failed point\n";

const char *sweep_store_path(const struct sweep_store *store, int64_t point,
                             struct arena *arena)
{
    return arena_format(arena, "%s/points/%.32s.h5", store->folder,
                        store->points[point].digest);
}

static const char *failure_path(const struct sweep_store *store, int64_t point,
                                struct arena *arena)
{
    return arena_format(arena, "%s/points/%.32s.failed", store->folder,
                        store->points[point].digest);
}

/* Makes every folder of a path. */
static bool make_folders(const char *path, struct arena *arena, struct error *error)
{
    char *text = arena_text(arena, path);
    for (char *at = text + 1;; at++) {
        char kept = *at;
        if (kept != '/' && kept != '\0') {
            continue;
        }
        *at = '\0';
        if (mkdir(text, 0777) != 0 && errno != EEXIST) {
            return error_at(error, ERROR_SYSTEM, text, 0, 0,
                            "the folder cannot be made (%s); name another with -o",
                            strerror(errno));
        }
        *at = kept;
        if (kept == '\0') {
            return true;
        }
    }
}

/* Whether a name is one that this program gives: 32 digits and .h5 or .failed. */
static bool is_ours(const char *name)
{
    size_t digits = strspn(name, "0123456789abcdef");
    return digits == 32 &&
           (strcmp(name + digits, ".h5") == 0 || strcmp(name + digits, ".failed") == 0);
}

static bool is_temporary(const char *name)
{
    return strncmp(name, ".trnsim-", 8) == 0;
}

static void count_foreign(struct sweep_store *store, const char *folder)
{
    DIR *list = opendir(folder);
    struct dirent *entry = list == NULL ? NULL : readdir(list);
    for (; entry != NULL; entry = readdir(list)) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && !is_ours(name) &&
            !is_temporary(name)) {
            /* the first by name, so that two runs say the same */
            bool first = store->foreign_count++ == 0 || strcmp(name, store->foreign_name) < 0;
            store->foreign_name = first ? arena_text(store->arena, name) : store->foreign_name;
        }
    }
    if (list != NULL) {
        closedir(list);
    }
}

void sweep_store_tidy(const struct sweep_store *store)
{
    const char *folder = arena_format(store->arena, "%s/points", store->folder);
    DIR *list = opendir(folder);
    struct dirent *entry = list == NULL ? NULL : readdir(list);
    for (; entry != NULL; entry = readdir(list)) {
        if (is_temporary(entry->d_name)) {
            unlink(arena_format(store->arena, "%s/%s", folder, entry->d_name));
        }
    }
    if (list != NULL) {
        closedir(list);
    }
}

void sweep_store_sync(const struct sweep_store *store)
{
    int descriptor = open(store->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor >= 0) {
        syncfs(descriptor);
        close(descriptor);
    }
}

bool sweep_store_open(struct sweep_store *store, struct error *error)
{
    const char *points = arena_format(store->arena, "%s/points", store->folder);
    if (!make_folders(points, store->arena, error)) {
        return false;
    }
    count_foreign(store, points);
    return result_file_check(arena_format(store->arena, "%s/sweep.h5", store->folder), error);
}

/* Columns of the summary */

static herr_t note_column(hid_t group, const char *name, const H5L_info_t *info, void *data)
{
    struct sweep_store *store = data;
    (void)info;
    hid_t dataset = H5Dopen2(group, name, H5P_DEFAULT);
    hid_t type = dataset < 0 ? -1 : H5Dget_type(dataset);
    char *unit = dataset < 0 ? NULL : hdf_read_text(dataset, "unit");
    char *meaning = dataset < 0 ? NULL : hdf_read_text(dataset, "meaning");
    if (unit != NULL && meaning != NULL && store->column_count < COLUMN_LIMIT) {
        H5T_class_t class = H5Tget_class(type);
        store->columns[store->column_count++] =
            (struct column){arena_text(store->arena, name),
                            class == H5T_FLOAT     ? COLUMN_F64
                            : class == H5T_INTEGER ? COLUMN_I64
                                                   : COLUMN_TEXT,
                            arena_text(store->arena, unit), arena_text(store->arena, meaning)};
    }
    hdf_free_text(unit);
    hdf_free_text(meaning);
    H5Tclose(type);
    H5Dclose(dataset);
    return 0;
}

static void learn_columns(struct sweep_store *store, const char *path, struct error *error)
{
    hid_t file = hdf_open_result(path, error);
    if (file < 0) {
        return;
    }
    hid_t group = H5Gopen2(file, "summary", H5P_DEFAULT);
    store->columns = arena_array(store->arena, COLUMN_LIMIT, sizeof(struct column));
    if (group >= 0) {
        H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, NULL, note_column, store);
    }
    H5Gclose(group);
    H5Fclose(file);
}

/* Points */

static void read_point(struct sweep_store *store, int64_t index, const char *path)
{
    struct sweep_point *point = &store->points[index];
    struct error error = {.kind = ERROR_NONE};
    if (store->column_count == 0) {
        learn_columns(store, path, &error);
    }
    struct table *table = error.kind != ERROR_NONE || store->column_count == 0
                              ? NULL
                              : result_file_read(path, "summary", store->columns,
                                                 store->column_count, store->arena, &error);
    if (table != NULL && table->row_count == 1) {
        point->state = SWEEP_DONE;
        point->row = table->cells;
        return;
    }
    point->state = SWEEP_FAILED;
    point->blocked = true;
    point->message = arena_format(
        store->arena,
        "points/%.32s.h5 %s; it is left alone: move it away and "
        "run again",
        point->digest, error.message[0] == '\0' ? "has no summary of one row" : error.message);
}

static void read_failure(struct sweep_store *store, int64_t index, const char *path)
{
    struct sweep_point *point = &store->points[index];
    struct error error = {.kind = ERROR_NONE};
    size_t size, head = strlen(failure_head);
    char *text = file_read(path, FAILURE_LIMIT, &size, store->arena, &error);
    point->state = SWEEP_FAILED;
    if (text != NULL && size > head && memcmp(text, failure_head, head) == 0) {
        point->message = text + head;
        return;
    }
    point->blocked = true;
    point->message = arena_format(store->arena,
                                  "points/%.32s.failed is no record of a failure; it is left "
                                  "alone: move it away and run again",
                                  point->digest);
}

void sweep_store_look_at(struct sweep_store *store, int64_t index)
{
    struct sweep_point *point = &store->points[index];
    const char *path = sweep_store_path(store, index, store->arena);
    const char *failure = failure_path(store, index, store->arena);
    point->state = SWEEP_MISSING;
    point->blocked = false;
    if (access(path, F_OK) == 0) {
        read_point(store, index, path);
    } else if (access(failure, F_OK) == 0) {
        read_failure(store, index, failure);
    }
}

struct place { /* of a digest among all */
    const char *digest;
    int64_t index;
};

static int compare(const void *a, const void *b)
{
    const struct place *one = a, *other = b;
    int order = strcmp(one->digest, other->digest);
    return order != 0 ? order : (one->index > other->index) - (one->index < other->index);
}

void sweep_store_look(struct sweep_store *store)
{
    int64_t count = store->sweep->point_count;
    struct place *places = arena_array(store->arena, count, sizeof *places);
    for (int64_t i = 0; i < count; i++) {
        places[i] = (struct place){store->points[i].digest, i};
        store->points[i].same_as = -1;
        sweep_store_look_at(store, i);
    }
    qsort(places, (size_t)count, sizeof *places, compare);
    for (int64_t i = 1, first = 0; i < count; i++) {
        if (strcmp(places[i].digest, places[first].digest) == 0) {
            store->points[places[i].index].same_as = places[first].index;
        } else {
            first = i;
        }
    }
}

static bool not_recorded(const char *path, struct error *error)
{
    return error_at(error, ERROR_SYSTEM, path, 0, 0, "cannot be written (%s)", strerror(errno));
}

bool sweep_store_fail(const struct sweep_store *store, int64_t index, const char *message,
                      struct error *error)
{
    struct arena *arena = store->arena;
    const char *path = failure_path(store, index, arena);
    const char *draft = arena_format(arena, "%s/points/.trnsim-%.32s-%ld", store->folder,
                                     store->points[index].digest, (long)getpid());
    FILE *file = fopen(draft, "w");
    if (file == NULL) {
        return not_recorded(draft, error);
    }
    bool written = fprintf(file, "%s%s", failure_head, message) >= 0;
    written = fclose(file) == 0 && written;
    if (written && rename(draft, path) == 0) {
        return true;
    }
    not_recorded(path, error);
    unlink(draft);
    return false;
}
