/* SPDX-License-Identifier: Apache-2.0 */
#include "study/machines.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "study/names.h"
#include "study/words.h"

struct machines *machines_read(const char *folder, struct arena *arena, struct error *error)
{
    struct machines *machines = arena_alloc(arena, sizeof *machines);
    machines->arena = arena;
    machines->platform_folder = arena_format(arena, "%s/../../platforms", folder);
    machines->table = csv_read(arena_format(arena, "%s/machines.csv", folder), arena, error);
    if (machines->table == NULL) {
        return NULL;
    }
    machines->frameworks =
        csv_read(arena_format(arena, "%s/frameworks.csv", folder), arena, error);
    machines->platforms =
        arena_array(arena, machines->table->row_count + 1, sizeof(struct platform *));
    machines->devices = csv_read(arena_format(arena, "%s/devices.csv", folder), arena, error);
    machines->calls = csv_read(arena_format(arena, "%s/calls.csv", folder), arena, error);
    machines->modules = csv_read(arena_format(arena, "%s/modules.csv", folder), arena, error);
    if (machines->frameworks == NULL || machines->devices == NULL || machines->calls == NULL ||
        machines->modules == NULL) {
        return NULL;
    }
    machines->device_platforms =
        arena_array(arena, machines->devices->row_count + 1, sizeof(struct platform *));
    machines->engines = engines_read(folder, arena, error);
    if (machines->engines == NULL) {
        return NULL;
    }
    machines->hardware_platforms = arena_array(
        arena, machines->engines->hardware->row_count + 1, sizeof(struct platform *));
    return machines;
}

/* By the hardware that a name of publications is, as serving rows name theirs: the row of any
 * system with its platform. */
static int64_t by_hardware(const struct machines *machines, const struct csv *table,
                           const char *text)
{
    const struct csv *hardware = machines->engines->hardware;
    int64_t known = names_hardware(hardware, text);
    for (int64_t row = 0; known >= 0 && row < table->row_count; row++) {
        if (strcmp(csv_text(table, row, "platform"), csv_text(hardware, known, "platform")) ==
            0) {
            return row;
        }
    }
    return -1;
}

int64_t machines_find(const struct machines *machines, const char *accelerator,
                      int64_t chips_per_node, const char *system)
{
    const struct csv *table = machines->table;
    for (int64_t row = 0; row < table->row_count; row++) {
        if (words_fit(csv_text(table, row, "accelerator"), accelerator) &&
            csv_count(table, row, "chips_per_node", chips_per_node) == chips_per_node &&
            strstr(system, csv_text(table, row, "system")) != NULL) {
            return row;
        }
    }
    return by_hardware(machines, table, accelerator);
}

/* The platform that a table's row names, read once. */
static struct platform *named(struct machines *machines, const struct csv *table, int64_t row,
                              struct platform **place, struct error *error)
{
    const char *name = csv_text(table, row, "platform");
    if (*place == NULL && machines->broken != NULL && strcmp(machines->broken, name) == 0) {
        *error = machines->broken_why;
    } else if (*place == NULL) {
        const char *path =
            arena_format(machines->arena, "%s/%s.xml", machines->platform_folder, name);
        *place = platform_read(path, machines->arena, error);
        machines->broken = *place == NULL ? name : machines->broken;
        machines->broken_why = *place == NULL ? *error : machines->broken_why;
    }
    return *place;
}

struct platform *machines_platform(struct machines *machines, int64_t row, struct error *error)
{
    return named(machines, machines->table, row, &machines->platforms[row], error);
}

struct platform *machines_hardware(struct machines *machines, int64_t row, struct error *error)
{
    return named(machines, machines->engines->hardware, row, &machines->hardware_platforms[row],
                 error);
}

int64_t machines_device(const struct machines *machines, const char *device)
{
    for (int64_t row = 0; row < machines->devices->row_count; row++) {
        if (words_fit(csv_text(machines->devices, row, "device"), device)) {
            return row;
        }
    }
    return by_hardware(machines, machines->devices, device);
}

struct platform *machines_device_platform(struct machines *machines, int64_t row,
                                          struct error *error)
{
    return named(machines, machines->devices, row, &machines->device_platforms[row], error);
}

/* The number that a text begins with, "26.04" of " 26.04.01"; 0 when there is none. */
static double version(const char *text)
{
    text += strspn(text, " -_v");
    return isdigit((unsigned char)*text) ? strtod(text, NULL) : 0;
}

/* Letters of a name before its version, 15 of "Megatron-Bridge 26.04". */
static size_t before_version(const char *name)
{
    const char *last = strrchr(name, ' ');
    return last != NULL && version(last) > 0 ? (size_t)(last - name) : strlen(name);
}

int64_t machines_framework(const struct machines *machines, const char *framework)
{
    const struct csv *table = machines->frameworks;
    int64_t found = 0;
    size_t longest = 0;
    double newest = 0;
    for (int64_t row = 0; row < table->row_count; row++) {
        const char *name = csv_text(table, row, "framework");
        size_t length = strcmp(name, "*") == 0 ? 0 : before_version(name);
        double since = version(name + length);
        bool fits =
            names_begin(framework, name, length) && since <= version(framework + length);
        if (fits && (length > longest || (length == longest && since >= newest))) {
            found = row;
            longest = length;
            newest = since;
        }
    }
    return found;
}

int64_t machines_call(const struct machines *machines, const char *kernel)
{
    int64_t any = 0;
    for (int64_t row = 0; row < machines->calls->row_count; row++) {
        const char *name = csv_text(machines->calls, row, "call");
        if (strcmp(name, "*") == 0) {
            any = row;
        } else if (strstr(kernel, name) != NULL) {
            return row;
        }
    }
    return any;
}

int64_t machines_layer(const struct machines *machines, const char *module, const char *layer)
{
    for (int64_t row = 0; row < machines->modules->row_count; row++) {
        if (strstr(module, csv_text(machines->modules, row, "module")) != NULL &&
            strcmp(csv_text(machines->modules, row, "layer"), layer) == 0) {
            return row;
        }
    }
    return -1;
}
