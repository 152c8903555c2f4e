/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a sweep: keys are collected first, then the grid is crossed with the last axis moving
 * fastest, samples inside it, and conditions drop points. The order is that of the file alone.
 */
#include "study/sweep.h"

#include <stdio.h>
#include <string.h>

#include "study/sweep_condition.h"
#include "study/sweep_text.h"

enum { LIST_LIMIT = 100 * 1000, POINT_LIMIT = 10 * 1000 * 1000, KEY_LIMIT = SWEEP_KEYS };
enum { PLACE_SIZE = 96, MESSAGE_SIZE = 256 };

const char *sweep_value(const struct sweep *sweep, int64_t point, int key)
{
    return sweep->values[point * sweep->key_count + key];
}

const char *sweep_target_value(const struct sweep *sweep, int64_t point,
                               enum sweep_target target)
{
    for (int k = 0; k < sweep->key_count; k++) {
        if (sweep->keys[k].target == target) {
            return sweep_value(sweep, point, k);
        }
    }
    return NULL;
}

const char *sweep_path(const struct sweep *sweep, const char *text, struct arena *arena)
{
    return arena_format(arena, "%s%s", text[0] == '/' ? "" : sweep->folder, text);
}

/* Keys */

static const struct {
    const char *name, *column;
    enum sweep_target target;
} own_keys[] = {
    {"workload", "workload_file", SWEEP_WORKLOAD},
    {"platform", "platform_file", SWEEP_PLATFORM},
    {"ultraservers", "ultraservers", SWEEP_ULTRASERVERS},
    {"plan", "plan_file", SWEEP_PLAN},
    {"prices", "prices_file", SWEEP_PRICES},
    {"price_kind", "price_kind_asked", SWEEP_PRICE_KIND},
    {"detail", "detail", SWEEP_DETAIL},
    {"find_capacity", "find_capacity", SWEEP_FIND_CAPACITY},
};

static bool unknown_key(const struct sweep_reader *reader, const char *place, const char *name)
{
    char message[MESSAGE_SIZE];
    snprintf(message, sizeof message,
             "is '%.60s', expected workload, platform, ultraservers, plan, prices, price_kind, "
             "detail, find_capacity, platform.PROPERTY or a key of the workload "
             "(workloads/README.md)",
             name == NULL ? "" : name);
    return document_error(reader->sweep->document, place, reader->error, message);
}

static bool describe(const struct sweep_reader *reader, const char *place, const char *name,
                     struct sweep_key *key)
{
    struct arena *arena = reader->arena;
    *key = (struct sweep_key){.name = arena_text(arena, name == NULL ? "" : name),
                              .place = arena_text(arena, place)};
    for (size_t i = 0; i < sizeof own_keys / sizeof own_keys[0]; i++) {
        if (strcmp(own_keys[i].name, key->name) == 0) {
            key->target = own_keys[i].target;
            key->column = own_keys[i].column;
            key->whole = key->target == SWEEP_ULTRASERVERS;
            return true;
        }
    }
    if (strncmp(key->name, "platform.", 9) == 0 && key->name[9] != '\0') {
        key->target = SWEEP_PROPERTY;
        key->column = key->name;
        return true;
    }
    key->target = SWEEP_SCENARIO;
    key->scenario = scenario_key_find(key->name);
    if (key->scenario == NULL || key->scenario->type == KEY_FIXED) {
        return unknown_key(reader, place, name);
    }
    key->column = key->scenario->short_name;
    key->whole = key->scenario->type == KEY_COUNT || key->scenario->type == KEY_CHIPS;
    return true;
}

/* A new key; each may be set in one place only. -1 on failure. */
static int add_key(const struct sweep_reader *reader, const char *place, const char *name)
{
    struct sweep *sweep = reader->sweep;
    struct sweep_key key;
    if (!describe(reader, place, name, &key)) {
        return -1;
    }
    for (int k = 0; k < sweep->key_count; k++) {
        if (strcmp(sweep->keys[k].column, key.column) == 0) {
            document_error(sweep->document, place, reader->error,
                           "is set in another place already; remove one");
            return -1;
        }
    }
    if (sweep->key_count == KEY_LIMIT) {
        document_error(sweep->document, place, reader->error, "is one key too many (128)");
        return -1;
    }
    sweep->keys[sweep->key_count] = key;
    return sweep->key_count++;
}

/* Axes that move together: one dimension of the grid. */
struct dimension {
    struct sweep_values *values;
    int count;
    int64_t length;
};

struct grid {
    struct dimension dimensions[KEY_LIMIT];
    int count;
};

static bool add_fixed(const struct sweep_reader *reader, struct grid *grid, const char *place,
                      const char *name, const char *text)
{
    if (text == NULL) {
        return true;
    }
    int key = add_key(reader, place, name);
    if (key < 0) {
        return false;
    }
    struct dimension *dimension = &grid->dimensions[grid->count++];
    dimension->values = arena_array(reader->arena, 1, sizeof *dimension->values);
    dimension->values[0].key = key;
    dimension->values[0].texts = arena_array(reader->arena, 1, sizeof(char *));
    dimension->values[0].texts[0] = arena_text(reader->arena, text);
    *dimension = (struct dimension){dimension->values, 1, 1};
    return true;
}

static bool add_set(const struct sweep_reader *reader, struct grid *grid,
                    const struct sweep_text *text)
{
    for (unsigned i = 0; i < text->set_count; i++) {
        char place[PLACE_SIZE];
        snprintf(place, sizeof place, "set[%u]", i);
        size_t length = strcspn(text->set[i], "=");
        if (text->set[i][length] == '\0') {
            return document_error(reader->sweep->document, place, reader->error,
                                  "is no setting, expected key=value");
        }
        const char *name = arena_format(reader->arena, "%.*s", (int)length, text->set[i]);
        if (!add_fixed(reader, grid, place, name, text->set[i] + length + 1)) {
            return false;
        }
    }
    return true;
}

static bool add_all_fixed(const struct sweep_reader *reader, struct grid *grid,
                          const struct sweep_text *text)
{
    return add_fixed(reader, grid, "workload", "workload", text->workload) &&
           add_fixed(reader, grid, "platform", "platform", text->platform) &&
           add_fixed(reader, grid, "ultraservers", "ultraservers", text->ultraservers) &&
           add_fixed(reader, grid, "plan", "plan", text->plan) &&
           add_fixed(reader, grid, "prices", "prices", text->prices) &&
           add_fixed(reader, grid, "price_kind", "price_kind", text->price_kind) &&
           add_fixed(reader, grid, "detail", "detail", text->detail) &&
           add_fixed(reader, grid, "find_capacity", "find_capacity", text->find_capacity) &&
           add_fixed(reader, grid, "seed", "seed", text->seed) && add_set(reader, grid, text);
}

static bool read_part(const struct sweep_reader *reader, const struct sweep_axis_text *axis,
                      const char *place, struct sweep_values *values)
{
    char key_place[PLACE_SIZE + 8];
    snprintf(key_place, sizeof key_place, "%s.key", place);
    values->key = add_key(reader, axis->key == NULL ? place : key_place, axis->key);
    if (values->key < 0) {
        return false;
    }
    reader->sweep->keys[values->key].varied = true;
    return true;
}

static bool add_axis(const struct sweep_reader *reader, struct grid *grid,
                     const struct sweep_axis_text *axis, const char *place)
{
    struct dimension *dimension = &grid->dimensions[grid->count++];
    dimension->count = axis->zip_count > 0 ? (int)axis->zip_count : 1;
    dimension->values =
        arena_array(reader->arena, dimension->count, sizeof(struct sweep_values));
    for (int i = 0; i < dimension->count; i++) {
        char part_place[PLACE_SIZE];
        const struct sweep_axis_text *part = axis->zip_count > 0 ? &axis->zip[i] : axis;
        snprintf(part_place, sizeof part_place, axis->zip_count > 0 ? "%s.zip[%d]" : "%s",
                 place, i);
        if (!read_part(reader, part, part_place, &dimension->values[i]) ||
            !sweep_axis_values(reader, part, part_place, &dimension->values[i])) {
            return false;
        }
        if (i > 0 && dimension->values[i].count != dimension->length) {
            return document_error(reader->sweep->document, part_place, reader->error,
                                  "has another number of values than the first key of its "
                                  "zip; make them equal");
        }
        dimension->length = dimension->values[i].count;
    }
    return true;
}

static bool add_axes(const struct sweep_reader *reader, struct grid *grid,
                     const struct sweep_text *text)
{
    for (unsigned i = 0; i < text->axes_count; i++) {
        char place[PLACE_SIZE];
        snprintf(place, sizeof place, "axes[%u]", i);
        if (!add_axis(reader, grid, &text->axes[i], place)) {
            return false;
        }
    }
    return true;
}

static bool sample_numbers(const struct sweep_reader *reader,
                           const struct sweep_sample_text *sample, int64_t *count,
                           uint64_t *seed)
{
    double number = 0, seed_number = 1;
    const char *rest = "", *seed_rest = "";
    if (!sweep_number(sample->count, &number, &rest) || rest[0] != '\0' || number < 1 ||
        number > LIST_LIMIT) {
        return document_error(reader->sweep->document, "sample.count", reader->error,
                              "must be a whole number from 1 to 100000");
    }
    if (sample->seed != NULL && (!sweep_number(sample->seed, &seed_number, &seed_rest) ||
                                 seed_rest[0] != '\0' || seed_number < 0)) {
        return document_error(reader->sweep->document, "sample.seed", reader->error,
                              "must be a whole number");
    }
    *count = (int64_t)number;
    *seed = (uint64_t)seed_number;
    return true;
}

static bool add_sample(const struct sweep_reader *reader, struct grid *grid,
                       const struct sweep_sample_text *sample)
{
    if (sample == NULL) {
        return true;
    }
    bool hypercube = strcmp(sample->method, "latin-hypercube") == 0;
    if (!hypercube && strcmp(sample->method, "random") != 0) {
        return document_error(reader->sweep->document, "sample.method", reader->error,
                              "is unknown, expected random or latin-hypercube");
    }
    struct dimension *dimension = &grid->dimensions[grid->count++];
    uint64_t seed = 1;
    if (!sample_numbers(reader, sample, &dimension->length, &seed)) {
        return false;
    }
    dimension->count = (int)sample->axes_count;
    dimension->values =
        arena_array(reader->arena, dimension->count, sizeof(struct sweep_values));
    for (int i = 0; i < dimension->count; i++) {
        char place[PLACE_SIZE];
        snprintf(place, sizeof place, "sample.axes[%d]", i);
        dimension->values[i].count = dimension->length;
        if (!read_part(reader, &sample->axes[i], place, &dimension->values[i]) ||
            !sweep_axis_draw(reader, &sample->axes[i], place, &dimension->values[i], seed,
                             hypercube)) {
            return false;
        }
    }
    return true;
}

/* Points */

static void fill_point(struct sweep *sweep, const struct grid *grid, int64_t number)
{
    const char **row = &sweep->values[sweep->point_count * sweep->key_count];
    for (int d = grid->count - 1; d >= 0; d--) {
        const struct dimension *dimension = &grid->dimensions[d];
        int64_t index = number % dimension->length;
        number /= dimension->length;
        for (int v = 0; v < dimension->count; v++) {
            row[dimension->values[v].key] = dimension->values[v].texts[index];
        }
    }
}

static bool wanted(const struct sweep_reader *reader, const struct sweep_text *text, bool *keep)
{
    *keep = true;
    for (unsigned i = 0; *keep && i < text->where_count; i++) {
        struct error cause = {.kind = ERROR_NONE};
        char place[PLACE_SIZE];
        snprintf(place, sizeof place, "where[%u]", i);
        if (!sweep_condition(reader->sweep, reader->sweep->point_count, text->where[i], keep,
                             &cause)) {
            return document_error(reader->sweep->document, place, reader->error, cause.message);
        }
    }
    return true;
}

static bool expand(const struct sweep_reader *reader, const struct grid *grid,
                   const struct sweep_text *text)
{
    struct sweep *sweep = reader->sweep;
    double all = 1;
    for (int d = 0; d < grid->count; d++) {
        all *= (double)grid->dimensions[d].length;
    }
    if (all > POINT_LIMIT) {
        return document_error(sweep->document, "axes", reader->error,
                              "make more than ten million points; divide the sweep");
    }
    sweep->values =
        arena_array(reader->arena, ((int64_t)all + 1) * sweep->key_count, sizeof(char *));
    for (int64_t number = 0; number < (int64_t)all; number++) {
        bool keep;
        fill_point(sweep, grid, number);
        if (!wanted(reader, text, &keep)) {
            return false;
        }
        sweep->point_count += keep;
    }
    return sweep->point_count > 0 || document_error(sweep->document, "where", reader->error,
                                                    "leaves no point; loosen a condition");
}

static bool fill(const struct sweep_reader *reader, const struct sweep_text *text)
{
    struct grid *grid = arena_alloc(reader->arena, sizeof *grid);
    reader->sweep->title = arena_text(reader->arena, text->title);
    if (text->axes_count + text->set_count + 11 > KEY_LIMIT) {
        return document_error(reader->sweep->document, "axes", reader->error,
                              "are more than 117 together with set; divide the sweep");
    }
    if (!add_all_fixed(reader, grid, text) || !add_axes(reader, grid, text) ||
        !add_sample(reader, grid, text->sample) || !expand(reader, grid, text)) {
        return false;
    }
    if (sweep_target_value(reader->sweep, 0, SWEEP_WORKLOAD) == NULL) {
        return document_error(reader->sweep->document, "", reader->error,
                              "names no workload; add workload: FILE or an axis of that key");
    }
    return sweep_target_value(reader->sweep, 0, SWEEP_PLATFORM) != NULL ||
           document_error(reader->sweep->document, "", reader->error,
                          "names no platform; add platform: FILE or an axis of that key");
}

struct sweep *sweep_read(const char *path, struct arena *arena, struct error *error)
{
    struct document *document = document_read(path, arena, error);
    struct sweep_text *text =
        document == NULL ? NULL : document_load(document, &sweep_text_schema, error);
    if (text == NULL) {
        return NULL;
    }
    struct sweep *sweep = arena_alloc(arena, sizeof *sweep);
    const char *slash = strrchr(path, '/');
    const char *file = slash == NULL ? path : slash + 1;
    const char *dot = strrchr(file, '.');
    size_t length = dot == NULL || dot == file ? strlen(file) : (size_t)(dot - file);
    sweep->document = document;
    sweep->name = arena_format(arena, "%.*s", (int)length, file);
    sweep->folder = arena_format(arena, "%.*s", (int)(file - path), path);
    sweep->keys = arena_array(arena, KEY_LIMIT, sizeof *sweep->keys);
    struct sweep_reader reader = {sweep, arena, error};
    bool filled = fill(&reader, text);
    document_release(&sweep_text_schema, text);
    return filled ? sweep : NULL;
}
