/* SPDX-License-Identifier: Apache-2.0 */
/* A list is for finding a file: one that is wrong is shown too, with the reason. */
#include "hardware/platform_list.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int by_path(const void *left, const void *right)
{
    const struct platform_entry *a = left, *b = right;
    return strcmp(a->path, b->path);
}

static bool is_platform(const char *name)
{
    size_t length = strlen(name);
    return *name != '.' && length > 4 && strcmp(name + length - 4, ".xml") == 0;
}

static const char *problem_text(const struct error *error, struct arena *arena)
{
    return error->line > 0 ? arena_format(arena, "line %d: %s", error->line, error->message)
                           : arena_text(arena, error->message);
}

bool platform_list_read(const char *folder, struct platform_entry **entries, int64_t *count,
                        struct arena *arena, struct error *error)
{
    DIR *directory = opendir(folder);
    if (directory == NULL) {
        return error_at(error, ERROR_SYSTEM, folder, 0, 0,
                        "cannot be listed (%s); name the folder that holds the platform files",
                        strerror(errno));
    }
    int64_t room = 0;
    *entries = NULL;
    *count = 0;
    for (struct dirent *item; (item = readdir(directory)) != NULL;) {
        if (is_platform(item->d_name)) {
            *entries = arena_grow(arena, *entries, *count, &room, sizeof **entries);
            (*entries)[(*count)++] = (struct platform_entry){
                .path = arena_format(arena, "%s/%s", folder, item->d_name)};
        }
    }
    closedir(directory);
    for (int64_t i = 0; i < *count; i++) {
        struct error why = {.kind = ERROR_NONE};
        struct platform_entry *entry = &(*entries)[i];
        entry->platform = platform_read(entry->path, arena, &why);
        entry->problem = entry->platform == NULL ? problem_text(&why, arena) : NULL;
    }
    if (*count > 1) {
        qsort(*entries, (size_t)*count, sizeof **entries, by_path);
    }
    return true;
}

void platform_list_print(const struct platform_entry *entries, int64_t count, FILE *file)
{
    for (int64_t i = 0; i < count; i++) {
        const struct platform *platform = entries[i].platform;
        if (platform == NULL) {
            fprintf(file, "%-44s cannot be read: %s\n", entries[i].path, entries[i].problem);
            continue;
        }
        fprintf(file, "%-44s %4lld chips  %s\n", entries[i].path,
                (long long)platform->chip_count, platform->title);
    }
}
