/* SPDX-License-Identifier: Apache-2.0 */
/* libcyaml tells about wrong files through its log only, line by line: the first line is what
 * is wrong, the next with a place is where. An unknown key is placed at its predecessor, and
 * places of good values are not told at all: for these the text is searched. */
#include "economics/price_yaml.h"

#include <cyaml/cyaml.h>
#include <stdio.h>
#include <string.h>

#define KIND_ROW(NAME, text, meaning) {text, PRICE_##NAME},
static const cyaml_strval_t kinds[] = {PRICE_KINDS(KIND_ROW)};
static const cyaml_strval_t truths[] = {{"false", 0}, {"true", 1}}; /* cyaml's own takes any */

#define ENTRY_TEXT(key, extra)                                                                 \
    CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER | (extra), struct price_yaml_entry, key,   \
                           1, CYAML_UNLIMITED)
#define BOOK_TEXT(key)                                                                         \
    CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER, struct price_yaml, key, 1, CYAML_UNLIMITED)

static const cyaml_schema_field_t entry_fields[] = {
    ENTRY_TEXT(chip, 0),
    ENTRY_TEXT(platform, CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_ENUM("kind", CYAML_FLAG_STRICT, struct price_yaml_entry, kind, kinds,
                     CYAML_ARRAY_LEN(kinds)),
    ENTRY_TEXT(usd_per_chip_h, CYAML_FLAG_OPTIONAL),
    ENTRY_TEXT(capital, CYAML_FLAG_OPTIONAL),
    ENTRY_TEXT(capital_low, CYAML_FLAG_OPTIONAL),
    ENTRY_TEXT(capital_high, CYAML_FLAG_OPTIONAL),
    ENTRY_TEXT(years, CYAML_FLAG_OPTIONAL),
    ENTRY_TEXT(power, CYAML_FLAG_OPTIONAL),
    ENTRY_TEXT(colocation, CYAML_FLAG_OPTIONAL),
    ENTRY_TEXT(colocation_low, CYAML_FLAG_OPTIONAL),
    ENTRY_TEXT(colocation_high, CYAML_FLAG_OPTIONAL),
    ENTRY_TEXT(electricity, CYAML_FLAG_OPTIONAL),
    ENTRY_TEXT(staff, CYAML_FLAG_OPTIONAL),
    ENTRY_TEXT(low, CYAML_FLAG_OPTIONAL),
    ENTRY_TEXT(high, CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_ENUM("estimate", CYAML_FLAG_STRICT | CYAML_FLAG_OPTIONAL,
                     struct price_yaml_entry, estimate, truths, CYAML_ARRAY_LEN(truths)),
    ENTRY_TEXT(source, 0),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t entry_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct price_yaml_entry, entry_fields)};

static const cyaml_schema_field_t book_fields[] = {
    BOOK_TEXT(title),
    BOOK_TEXT(date),
    BOOK_TEXT(currency),
    CYAML_FIELD_SEQUENCE("entries", CYAML_FLAG_POINTER, struct price_yaml, entries,
                         &entry_value, 1, CYAML_UNLIMITED),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t book_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct price_yaml, book_fields)};

static const char key_list[] =
    "a book has title, date, currency and entries, an entry chip, platform, kind, "
    "usd_per_chip_h, low, high, estimate and source, or capital, years, power, colocation, "
    "electricity and staff";

struct trouble { /* what libcyaml told */
    char what[160];
    int line, column;
};

static void take_log(cyaml_log_t level, void *context, const char *format, va_list arguments)
{
    (void)level;
    struct trouble *trouble = context;
    char text[sizeof trouble->what];
    vsnprintf(text, sizeof text, format, arguments);
    text[strcspn(text, "\n")] = '\0';
    if (trouble->what[0] == '\0') {
        const char *said = strncmp(text, "Load: ", 6) == 0 ? text + 6 : text;
        snprintf(trouble->what, sizeof trouble->what, "%s", said);
    }
    const char *place = strstr(text, "(line: ");
    if (place != NULL && trouble->line == 0) {
        sscanf(place, "(line: %d, column: %d)", &trouble->line, &trouble->column);
    }
}

/* The start of the next line, or NULL. */
static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');
    return end == NULL || end[1] == '\0' ? NULL : end + 1;
}

/* Whether the line begins with the key, after spaces and the dash of a list; and at which
 * column. */
static bool has_key(const char *line, const char *key, int *column)
{
    size_t at = strspn(line, " ");
    if (line[at] == '-') {
        at += 1 + strspn(line + at + 1, " ");
    }
    *column = (int)at + 1;
    size_t length = strlen(key);
    return strncmp(line + at, key, length) == 0 && line[at + length] == ':';
}

static bool fail(const struct trouble *trouble, const struct price_book *book,
                 struct error *error)
{
    static const char unknown[] = "Unexpected key: ";
    if (strncmp(trouble->what, unknown, sizeof unknown - 1) != 0) {
        return error_at(error, ERROR_INPUT, book->path, trouble->line, trouble->column,
                        "this is no price book: %s; %s", trouble->what, key_list);
    }
    const char *key = trouble->what + sizeof unknown - 1;
    int number = 1, line = trouble->line, column = trouble->column, found = 0;
    for (const char *at = book->text; at != NULL; at = next_line(at), number++) {
        if (number >= trouble->line && has_key(at, key, &found)) {
            line = number;
            column = found;
            break;
        }
    }
    return error_at(error, ERROR_INPUT, book->path, line, column, "'%s' is no key; %s", key,
                    key_list);
}

static char *keep(const char *text, struct arena *arena)
{
    return text == NULL ? NULL : arena_text(arena, text);
}

/* What libcyaml allocated is freed as soon as it is copied, like all library memory. */
static struct price_yaml *copy(const struct price_yaml *loaded, struct arena *arena)
{
    struct price_yaml *yaml = arena_alloc(arena, sizeof *yaml);
    yaml->title = keep(loaded->title, arena);
    yaml->date = keep(loaded->date, arena);
    yaml->currency = keep(loaded->currency, arena);
    yaml->entries_count = loaded->entries_count;
    yaml->entries = arena_array(arena, yaml->entries_count, sizeof *yaml->entries);
    for (unsigned i = 0; i < yaml->entries_count; i++) {
        const struct price_yaml_entry *from = &loaded->entries[i];
        yaml->entries[i] = (struct price_yaml_entry){
            .chip = keep(from->chip, arena),
            .platform = keep(from->platform, arena),
            .usd_per_chip_h = keep(from->usd_per_chip_h, arena),
            .low = keep(from->low, arena),
            .high = keep(from->high, arena),
            .source = keep(from->source, arena),
            .capital = keep(from->capital, arena),
            .capital_low = keep(from->capital_low, arena),
            .capital_high = keep(from->capital_high, arena),
            .years = keep(from->years, arena),
            .power = keep(from->power, arena),
            .colocation = keep(from->colocation, arena),
            .colocation_low = keep(from->colocation_low, arena),
            .colocation_high = keep(from->colocation_high, arena),
            .electricity = keep(from->electricity, arena),
            .staff = keep(from->staff, arena),
            .kind = from->kind,
            .estimate = from->estimate,
        };
    }
    return yaml;
}

struct price_yaml *price_yaml_load(const struct price_book *book, struct arena *arena,
                                   struct error *error)
{
    struct trouble trouble = {.what = ""};
    const cyaml_config_t config = {
        .log_fn = take_log,
        .log_ctx = &trouble,
        .mem_fn = arena_library_realloc,
        .log_level = CYAML_LOG_WARNING,
    };
    cyaml_data_t *data = NULL;
    cyaml_err_t status = cyaml_load_data((const uint8_t *)book->text, book->text_size, &config,
                                         &book_value, &data, NULL);
    if (status == CYAML_OK && data == NULL) {
        snprintf(trouble.what, sizeof trouble.what, "the file is empty");
    } else if (status != CYAML_OK && trouble.what[0] == '\0') {
        snprintf(trouble.what, sizeof trouble.what, "%s", cyaml_strerror(status));
    }
    if (data == NULL || status != CYAML_OK) {
        fail(&trouble, book, error);
        return NULL;
    }
    struct price_yaml *yaml = copy(data, arena);
    cyaml_free(&config, &book_value, data, 0);
    return yaml;
}

int price_yaml_line(const struct price_book *book, int64_t entry, const char *key)
{
    int64_t current = -1;
    int number = 1, entry_line = 0, column = 0;
    for (const char *at = book->text; at != NULL; at = next_line(at), number++) {
        if (at[strspn(at, " ")] == '-') {
            current++;
            entry_line = current == entry ? number : entry_line;
        }
        if (current == entry && has_key(at, key, &column)) {
            return number;
        }
    }
    return entry_line;
}
