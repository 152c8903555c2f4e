/* SPDX-License-Identifier: Apache-2.0 */
/* The text is tiny-platform.xml, with %ZONE% where the name of the written file must stand. */
#include "support/tiny_platform.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "support/support.h"

static const char source[] = SOURCE_FOLDER "/tests/support/tiny-platform.xml";

/* The last part of path without ".xml". */
static void print_name(const char *path, FILE *file)
{
    const char *name = strrchr(path, '/') + 1;
    fprintf(file, "%.*s", (int)(strlen(name) - strlen(".xml")), name);
}

const char *tiny_platform_file(const char *from, const char *to)
{
    const char *path = temporary_file("", ".xml");
    FILE *file = fopen(path, "w");
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    size_t size;
    const char *text = file_read(source, 100000, &size, arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    const char *found = from == NULL ? NULL : strstr(text, from);
    CU_ASSERT_FATAL(file != NULL && (from == NULL || found != NULL));
    for (const char *at = text; *at != '\0';) {
        if (at == found) {
            fputs(to, file);
            at += strlen(from);
            found = NULL;
        } else if (strncmp(at, "%ZONE%", 6) == 0) {
            print_name(path, file);
            at += 6;
        } else {
            putc(*at++, file);
        }
    }
    fclose(file);
    arena_free(arena);
    return path;
}

struct platform *tiny_platform(const char *from, const char *to, struct arena *arena,
                               struct error *error)
{
    *error = (struct error){.kind = ERROR_NONE};
    return platform_read(tiny_platform_file(from, to), arena, error);
}
