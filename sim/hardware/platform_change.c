/* SPDX-License-Identifier: Apache-2.0 */
/* The value is put into the text of the file, and the text is read from a file of the same name
 * in a folder of its own, which is removed at once: one reader for all platforms. */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include "hardware/platform_change.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* text with the value of one property replaced; NULL when it has none. */
static const char *replace(const char *text, const char *name, const char *value,
                           struct arena *arena)
{
    const char *needle = arena_format(arena, "<prop id=\"%s\" value=\"", name);
    const char *at = strstr(text, needle);
    const char *start = at == NULL ? NULL : at + strlen(needle);
    const char *end = start == NULL ? NULL : strchr(start, '"');
    if (end == NULL) {
        return NULL;
    }
    size_t head = (size_t)(start - text), middle = strlen(value), tail = strlen(end) + 1;
    char *changed = arena_alloc(arena, head + middle + tail);
    memcpy(changed, text, head);
    memcpy(changed + head, value, middle);
    memcpy(changed + head + middle, end, tail);
    return changed;
}

/* A range is of the value in the file, not of another one: it goes with it. */
static const char *change(const char *text, const struct platform_change *what,
                          struct arena *arena, struct error *error)
{
    static const char *const range[] = {".low", ".high"};
    const char *changed = strpbrk(what->value, "\"<>&") != NULL
                              ? NULL
                              : replace(text, what->name, what->value, arena);
    if (changed == NULL) {
        error_fill(error, ERROR_INPUT,
                   "the platform file has no property '%s' that can be '%s'; trnsim platform "
                   "inspect lists its properties",
                   what->name, what->value);
        return NULL;
    }
    for (size_t i = 0; i < sizeof range / sizeof range[0]; i++) {
        const char *name = arena_format(arena, "%s%s", what->name, range[i]);
        const char *end = replace(changed, name, what->value, arena);
        changed = end != NULL ? end : changed;
    }
    return changed;
}

static bool write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        return false;
    }
    bool written = fputs(text, file) >= 0;
    return fclose(file) == 0 && written;
}

static struct platform *read_text(const struct platform *platform, const char *text,
                                  struct arena *arena, struct error *error)
{
    const char *place = getenv("TMPDIR");
    char *folder =
        arena_format(arena, "%s/trnsim-XXXXXX", place == NULL || !*place ? "/tmp" : place);
    const char *path = arena_format(arena, "%s/%s.xml", folder, platform->name);
    if (mkdtemp(folder) == NULL) {
        error_at(error, ERROR_SYSTEM, folder, 0, 0,
                 "the folder cannot be made (%s); set TMPDIR", strerror(errno));
        return NULL;
    }
    path = arena_format(arena, "%s/%s.xml", folder, platform->name);
    struct platform *changed =
        write_text(path, text) ? platform_read(path, arena, error) : NULL;
    if (changed == NULL && error->kind == ERROR_NONE) {
        error_at(error, ERROR_SYSTEM, path, 0, 0, "cannot be written; set TMPDIR");
    }
    unlink(path);
    rmdir(folder);
    if (changed != NULL) {
        changed->path = platform->path;
    }
    return changed;
}

struct platform *platform_change(const struct platform *platform,
                                 const struct platform_change *changes, int64_t count,
                                 struct arena *arena, struct error *error)
{
    const char *text = platform->text;
    for (int64_t i = 0; text != NULL && i < count; i++) {
        text = change(text, &changes[i], arena, error);
    }
    return text == NULL ? NULL : read_text(platform, text, arena, error);
}
