/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* strcasestr */
#include "study/names.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int plain(char letter)
{
    return letter == ' ' || letter == '_' ? '-' : tolower((unsigned char)letter);
}

bool names_begin(const char *text, const char *name, size_t length)
{
    size_t same = 0;
    while (same < length && text[same] != '\0' && plain(text[same]) == plain(name[same])) {
        same++;
    }
    return same == length;
}

/* The row with the longest first cell that the text begins with, as whole words ("A100" is none
 * of "A1000"); -1: none. */
static int64_t longest(const struct csv *csv, const char *text)
{
    int64_t found = -1;
    size_t most = 0;
    for (int64_t row = 0; row < csv->row_count; row++) {
        const char *name = csv_text(csv, row, csv->names[0]);
        size_t length = strlen(name);
        if (length > most && names_begin(text, name, length) &&
            !isalnum((unsigned char)text[length])) {
            most = length;
            found = row;
        }
    }
    return found;
}

/* Past this word and what separates it from the next; a count, "8x", is a word. */
static const char *next_word(const char *text)
{
    const char *count = text + strspn(text, "0123456789");
    if (count > text && tolower((unsigned char)*count) == 'x') {
        text = count + 1;
    } else {
        text += strcspn(text, " -_");
    }
    return text + strspn(text, " -_");
}

int64_t names_hardware(const struct csv *csv, const char *text)
{
    for (const char *word = text; *word != '\0'; word = next_word(word)) {
        int64_t row = longest(csv, word);
        if (row >= 0) {
            return row;
        }
    }
    return -1;
}

/* A number of parameters at the text, "7b", "0.6B": its value, and *end past it; 0: none. */
static double billions(const char *text, const char **end)
{
    char *past = NULL;
    double value = isdigit((unsigned char)*text) ? strtod(text, &past) : 0;
    if (value <= 0 || tolower((unsigned char)*past) != 'b' || isalnum((unsigned char)past[1])) {
        return 0;
    }
    *end = past + 1;
    return value * 1e9;
}

static bool starts_word(const char *text, const char *at)
{
    return at == text || !(isalnum((unsigned char)at[-1]) || at[-1] == '.');
}

static void take_count(struct names_size *size, double count, bool active)
{
    if (active && count > 0) {
        size->active = count;
    } else if (count > size->parameters) {
        size->parameters = count;
    }
}

bool names_size(const char *text, struct names_size *size)
{
    *size = (struct names_size){0};
    for (const char *at = text; *at != '\0'; at++) {
        const char *end = at;
        bool active = tolower((unsigned char)*at) == 'a';
        if (!starts_word(text, at)) {
            continue;
        }
        char *past = NULL;
        double experts = isdigit((unsigned char)*at) ? strtod(at, &past) : 0;
        bool many = experts > 0 && tolower((unsigned char)*past) == 'x';
        double count = billions(many ? past + 1 : at + active, &end);
        if (many && count > 0) {
            size->mixture = true;
            count *= experts;
        }
        take_count(size, count, active || strncasecmp(end, " activ", 6) == 0);
    }
    size->mixture = size->mixture || size->active > 0;
    return size->parameters > 0;
}

/* Whether what follows a model's name leaves its shape alone. */
static bool same_shape(const char *rest)
{
    static const char *const others[] = {"distill", "air",  "mini", "lite", "nano",
                                         "flash",   "next", "omni", "vl"};
    struct names_size size;
    bool same = *rest != '.' && !names_size(rest, &size);
    for (size_t i = 0; same && i < sizeof others / sizeof others[0]; i++) {
        same = strcasestr(rest, others[i]) == NULL;
    }
    return same;
}

static const char *plain_model(const char *text)
{
    const char *publisher = strrchr(text, '/');
    const char *name = publisher == NULL ? text : publisher + 1;
    return name + (names_begin(name, "meta-", 5) ? 5 : 0);
}

int64_t names_model(const struct csv *csv, const char *text)
{
    const char *name = plain_model(text);
    int64_t row = longest(csv, name);
    return row >= 0 && same_shape(name + strlen(csv_text(csv, row, csv->names[0]))) ? row : -1;
}

/* Letters that two names share when they differ by a version's digits alone; 0: they do not. */
static size_t but_version(const char *text, const char *name)
{
    static const char digits[] = "0123456789.";
    size_t same = 0;
    while (name[same] != '\0' && plain(text[same]) == plain(name[same])) {
        same++;
    }
    const char *rest = text + same + strspn(text + same, digits);
    bool ends =
        name[same + strspn(name + same, digits)] == '\0' && !isalnum((unsigned char)*rest);
    return ends && strcspn(name, digits) < same ? same : 0;
}

int64_t names_other_version(const struct csv *csv, const char *text)
{
    int64_t found = -1;
    size_t most = 0;
    for (int64_t row = 0; row < csv->row_count; row++) {
        size_t same = but_version(plain_model(text), csv_text(csv, row, csv->names[0]));
        if (same > 0 && same >= most) { /* of several the last, which is the newest */
            most = same;
            found = row;
        }
    }
    return found;
}
