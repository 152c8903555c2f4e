/* SPDX-License-Identifier: Apache-2.0 */
/* A JSON reader that looks at one character at a time and keeps nothing but counts: what the
 * pairs do not need is checked for its form and passed over. jansson would hold a conversation
 * whole, and refuse a file for half a pair of surrogates, which published ones have. */
#include "workload/sharegpt.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

enum { BUFFER_SIZE = 1 << 16, NAME_SIZE = 32, DEPTH_LIMIT = 64 };
static const int64_t TURN_LIMIT = INT64_C(1) << 28; /* characters */

static void advance(struct sharegpt *file)
{
    if (file->start == file->end) {
        int got = gzread(file->file, file->buffer, BUFFER_SIZE);
        file->start = 0;
        file->end = got > 0 ? got : 0;
    }
    file->line += file->next == '\n';
    file->next = file->start < file->end ? file->buffer[file->start++] : -1;
}

static bool refuse(const struct sharegpt *file, struct error *error, const char *expected)
{
    if (file->next < 0) {
        return error_at(error, ERROR_INPUT, file->path, (int)file->line, 0,
                        "the file breaks off or is damaged here, expected a whole JSON list of "
                        "conversations; fetch it again");
    }
    return error_at(error, ERROR_INPUT, file->path, (int)file->line, 0,
                    "'%c' stands here, expected %s; is this a ShareGPT file?",
                    file->next >= ' ' && file->next < 127 ? file->next : '?', expected);
}

static void skip_space(struct sharegpt *file)
{
    while (file->next == ' ' || file->next == '\t' || file->next == '\n' ||
           file->next == '\r') {
        advance(file);
    }
}

static bool expect(struct sharegpt *file, int character, const char *expected,
                   struct error *error)
{
    skip_space(file);
    if (file->next != character) {
        return refuse(file, error, expected);
    }
    advance(file);
    return true;
}

/* Whether the next thing is this character, which is then passed. */
static bool follows(struct sharegpt *file, int character)
{
    skip_space(file);
    if (file->next != character) {
        return false;
    }
    advance(file);
    return true;
}

/* Behind a backslash. A pair of surrogates is one character: the second is not counted. */
static bool skip_escape(struct sharegpt *file, int64_t *count, struct error *error)
{
    int kind = file->next;
    if (kind < 0 || strchr("\"\\/bfnrtu", kind) == NULL) {
        return refuse(file, error, "an escaped character");
    }
    advance(file);
    char digits[5] = "";
    for (int i = 0; kind == 'u' && i < 4; i++) {
        if (file->next < 0 || strchr("0123456789abcdefABCDEF", file->next) == NULL) {
            return refuse(file, error, "four hexadecimal digits");
        }
        digits[i] = (char)file->next;
        advance(file);
    }
    bool second =
        (digits[0] == 'd' || digits[0] == 'D') && strchr("cdefCDEF", digits[1]) != NULL;
    *count += !second;
    return true;
}

/* Counts the characters of a string; its beginning goes to name when that is not NULL. */
static bool read_string(struct sharegpt *file, char *name, int64_t *count, struct error *error)
{
    int64_t found = 0, used = 0;
    if (!expect(file, '"', "a text in quotes", error)) {
        return false;
    }
    while (file->next != '"') {
        if (file->next < 0 || found > TURN_LIMIT) {
            return file->next < 0
                       ? refuse(file, error, "")
                       : refuse(file, error, "a text of at most 268 million characters");
        }
        if (name != NULL && used < NAME_SIZE - 1) {
            name[used++] = (char)file->next;
        }
        if (file->next == '\\') {
            advance(file);
            if (!skip_escape(file, &found, error)) {
                return false;
            }
        } else {
            found += (file->next & 0xC0) != 0x80; /* one a character of UTF-8 */
            advance(file);
        }
    }
    advance(file);
    if (name != NULL) {
        name[used] = '\0';
    }
    *count = found;
    return true;
}

static bool skip_value(struct sharegpt *file, int depth, struct error *error);

/* A member's name and its colon. */
static bool read_name(struct sharegpt *file, char name[NAME_SIZE], struct error *error)
{
    int64_t length;
    return read_string(file, name, &length, error) &&
           expect(file, ':', "a colon behind a name", error);
}

/* What stands between brackets that were passed, up to the closing one. */
static bool skip_items(struct sharegpt *file, int closing, int depth, struct error *error)
{
    char name[NAME_SIZE];
    if (follows(file, closing)) {
        return true;
    }
    do {
        if ((closing == '}' && !read_name(file, name, error)) ||
            !skip_value(file, depth + 1, error)) {
            return false;
        }
    } while (follows(file, ','));
    return expect(file, closing, "a comma or the closing bracket", error);
}

static bool skip_value(struct sharegpt *file, int depth, struct error *error)
{
    int64_t length;
    skip_space(file);
    if (file->next == '"') {
        return read_string(file, NULL, &length, error);
    }
    if (depth < DEPTH_LIMIT && (file->next == '{' || file->next == '[')) {
        int closing = file->next == '{' ? '}' : ']';
        advance(file);
        return skip_items(file, closing, depth, error);
    }
    if (file->next < 0 || strchr("-0123456789tfn", file->next) == NULL) {
        return refuse(file, error, "a value");
    }
    while (file->next > 0 && strchr("+-.0123456789abcdefghijklmnopqrstuvwxyzE", file->next)) {
        advance(file);
    }
    return true;
}

/* One turn: the characters of its value. */
static bool read_turn(struct sharegpt *file, int64_t *count, struct error *error)
{
    char name[NAME_SIZE];
    *count = 0;
    if (!expect(file, '{', "a turn: an object with from and value", error)) {
        return false;
    }
    if (follows(file, '}')) {
        return true;
    }
    do {
        if (!read_name(file, name, error)) {
            return false;
        }
        skip_space(file);
        bool value = strcmp(name, "value") == 0 && file->next == '"';
        if (!(value ? read_string(file, NULL, count, error) : skip_value(file, 0, error))) {
            return false;
        }
    } while (follows(file, ','));
    return expect(file, '}', "a comma or the end of the turn", error);
}

static bool read_turns(struct sharegpt *file, struct sharegpt_pair *pair, struct error *error)
{
    int64_t turns = 0, count;
    if (!expect(file, '[', "a list of turns", error)) {
        return false;
    }
    if (follows(file, ']')) {
        return true;
    }
    do {
        if (!read_turn(file, &count, error)) {
            return false;
        }
        pair->prompt = turns == 0 ? count : pair->prompt;
        pair->answer = turns == 1 ? count : pair->answer;
        turns++;
    } while (follows(file, ','));
    return expect(file, ']', "a comma or the end of the turns", error);
}

static bool read_conversation(struct sharegpt *file, struct sharegpt_pair *pair,
                              struct error *error)
{
    char name[NAME_SIZE];
    *pair = (struct sharegpt_pair){0};
    if (!expect(file, '{', "a conversation: an object with conversations", error)) {
        return false;
    }
    if (follows(file, '}')) {
        return true;
    }
    do {
        if (!read_name(file, name, error)) {
            return false;
        }
        bool turns = strcmp(name, "conversations") == 0;
        if (!(turns ? read_turns(file, pair, error) : skip_value(file, 0, error))) {
            return false;
        }
    } while (follows(file, ','));
    return expect(file, '}', "a comma or the end of the conversation", error);
}

/* To the next object of the list. False at its end, and with an error. */
static bool find_next(struct sharegpt *file, struct error *error)
{
    if (!file->begun) {
        file->begun = true;
        return expect(file, '[', "a JSON list of conversations", error) && !follows(file, ']');
    }
    if (follows(file, ',')) {
        return true;
    }
    if (file->next == ']') {
        return false;
    }
    return refuse(file, error, "a comma or the end of the list");
}

bool sharegpt_next(struct sharegpt *file, struct sharegpt_pair *pair, struct error *error)
{
    while (find_next(file, error)) {
        if (!read_conversation(file, pair, error)) {
            return false;
        }
        if (pair->prompt > 0 && pair->answer > 0) {
            return true;
        }
    }
    return false;
}

void sharegpt_rewind(struct sharegpt *file)
{
    gzrewind(file->file);
    file->start = file->end = 0;
    file->line = 1;
    file->next = ' ';
    file->begun = false;
    advance(file);
}

bool sharegpt_open(struct sharegpt *file, const char *path, struct arena *arena,
                   struct error *error)
{
    *file = (struct sharegpt){.path = path, .buffer = arena_alloc(arena, BUFFER_SIZE)};
    errno = 0;
    file->file = gzopen(path, "rb");
    if (file->file == NULL) {
        return error_at(error, ERROR_SYSTEM, path, 0, 0,
                        "the conversations cannot be read (%s); check the path",
                        errno != 0 ? strerror(errno) : "out of memory");
    }
    sharegpt_rewind(file);
    return true;
}

void sharegpt_close(struct sharegpt *file)
{
    if (file->file != NULL) {
        gzclose(file->file);
        file->file = NULL;
    }
}

bool sharegpt_is(const char *path)
{
    char begin[256] = "";
    gzFile file = gzopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    int got = gzread(file, begin, sizeof begin - 1);
    gzclose(file);
    return got > 0 && begin[strspn(begin, " \t\r\n")] == '[';
}
