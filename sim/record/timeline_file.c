/* SPDX-License-Identifier: Apache-2.0 */
/* One event a line. Begin and end are events of their own (not one with a duration), so that
 * readers that round times keep the nesting. */
#include "record/timeline_file.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "record/new_file.h"

enum { BUFFER_BYTES = 1 << 16, NUMBER_BYTES = 40, NAME_BYTES = 192, BUCKETS = 1 << 10 };

struct open_slice {
    struct timeline_track track;
    struct open_slice *below; /* in its bucket */
    char name[NAME_BYTES];
};

struct timeline_file {
    struct new_file file;
    struct arena *arena;
    struct open_slice
        *open[BUCKETS]; /* by track, the latest on top: an end says its name, too */
    struct open_slice *free;
    int64_t slices;
    bool any;
    size_t used;
    char buffer[BUFFER_BYTES];
};

static void flush(struct timeline_file *file)
{
    new_file_write(&file->file, file->buffer, file->used);
    file->used = 0;
}

static void put(struct timeline_file *file, const char *text)
{
    size_t length = strlen(text);
    if (file->used + length > BUFFER_BYTES) {
        flush(file);
    }
    if (length > BUFFER_BYTES) {
        new_file_write(&file->file, text, length);
        return;
    }
    memcpy(file->buffer + file->used, text, length);
    file->used += length;
}

static char *escape(char *at, unsigned char letter)
{
    if (letter == '"' || letter == '\\') {
        *at++ = '\\';
        *at++ = (char)letter;
    } else if (letter < 0x20) {
        at += snprintf(at, 7, "\\u%04x", letter);
    } else {
        *at++ = (char)letter;
    }
    return at;
}

static void put_text(struct timeline_file *file, const char *text)
{
    enum { PIECE = 256, LONGEST = 6 };
    char piece[PIECE + LONGEST + 1];
    put(file, "\"");
    while (*text != '\0') {
        char *at = piece;
        while (*text != '\0' && at < piece + PIECE) {
            at = escape(at, (unsigned char)*text++);
        }
        *at = '\0';
        put(file, piece);
    }
    put(file, "\"");
}

const char *timeline_file_quote(struct arena *arena, const char *text)
{
    char *quoted = arena_alloc(arena, 6 * strlen(text) + 3), *at = quoted;
    *at++ = '"';
    for (; *text != '\0'; text++) {
        at = escape(at, (unsigned char)*text);
    }
    *at = '"';
    return quoted;
}

__attribute__((format(printf, 2, 3))) static void put_format(struct timeline_file *file,
                                                             const char *format, ...)
{
    char text[160];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    put(file, text);
}

/* Microseconds to the femtosecond, without zeros at the end. */
static void put_time(struct timeline_file *file, double time_s)
{
    char text[NUMBER_BYTES];
    int length = snprintf(text, sizeof text, "%.9f", time_s * 1e6);
    while (text[length - 1] == '0') {
        length--;
    }
    text[text[length - 1] == '.' ? length - 1 : length] = '\0';
    put(file, ",\"ts\":");
    put(file, text);
}

static void start_event(struct timeline_file *file, const char *kind)
{
    put_format(file, "%s\n{\"ph\":\"%s\"", file->any ? "," : "", kind);
    file->any = true;
}

static void put_place(struct timeline_file *file, struct timeline_track track)
{
    put_format(file, ",\"pid\":%d,\"tid\":%d", (int)track.process, (int)track.thread);
}

static void put_name(struct timeline_file *file, const char *name, const char *category)
{
    put(file, ",\"name\":");
    put_text(file, name);
    if (category != NULL) {
        put(file, ",\"cat\":");
        put_text(file, category);
    }
}

static void put_details(struct timeline_file *file, const char *details)
{
    if (details != NULL) {
        put(file, ",\"args\":{");
        put(file, details);
        put(file, "}");
    }
    put(file, "}");
}

struct timeline_file *timeline_file_open(const char *path, struct arena *arena,
                                         struct error *error)
{
    struct timeline_file *file = arena_alloc(arena, sizeof *file);
    file->arena = arena;
    if (!new_file_open(&file->file, path, "timeline", error)) {
        return NULL;
    }
    put(file, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
    return file;
}

static void name_track(struct timeline_file *file, const char *what,
                       struct timeline_track track, const char *name, const char *details)
{
    start_event(file, "M");
    put_place(file, track);
    put_name(file, what, NULL);
    put(file, ",\"args\":{\"name\":");
    put_text(file, name);
    put(file, details == NULL ? "" : ",");
    put(file, details == NULL ? "" : details);
    put(file, "}}");
}

void timeline_file_process(struct timeline_file *file, int32_t process, const char *name,
                           const char *details)
{
    struct timeline_track track = {process, 0};
    name_track(file, "process_name", track, name, details);
    start_event(file, "M");
    put_place(file, track);
    put_format(file, ",\"name\":\"process_sort_index\",\"args\":{\"sort_index\":%d}}",
               (int)process);
}

void timeline_file_thread(struct timeline_file *file, struct timeline_track track,
                          const char *name, const char *details)
{
    name_track(file, "thread_name", track, name, details);
    start_event(file, "M");
    put_place(file, track);
    put_format(file, ",\"name\":\"thread_sort_index\",\"args\":{\"sort_index\":%d}}",
               (int)track.thread);
}

static struct open_slice **bucket_of(struct timeline_file *file, struct timeline_track track)
{
    uint32_t mixed = (uint32_t)track.process * 2654435761u + (uint32_t)track.thread * 40503u;
    return &file->open[(mixed >> 8) % BUCKETS];
}

static struct open_slice *push_open(struct timeline_file *file, struct timeline_track track,
                                    const char *name)
{
    struct open_slice *open = file->free, **bucket = bucket_of(file, track);
    if (open == NULL) {
        open = arena_alloc(file->arena, sizeof *open);
    } else {
        file->free = open->below;
    }
    open->track = track;
    open->below = *bucket;
    snprintf(open->name, sizeof open->name, "%s", name);
    *bucket = open;
    return open;
}

/* The name that began last on a track and has not ended; valid until the next begin. */
static const char *pop_open(struct timeline_file *file, struct timeline_track track)
{
    struct open_slice **place = bucket_of(file, track);
    while (*place != NULL && ((*place)->track.process != track.process ||
                              (*place)->track.thread != track.thread)) {
        place = &(*place)->below;
    }
    struct open_slice *open = *place;
    assert(open != NULL);
    *place = open->below;
    open->below = file->free;
    file->free = open;
    return open->name;
}

void timeline_file_begin(struct timeline_file *file, struct timeline_track track,
                         const struct timeline_slice *slice, double time_s)
{
    struct open_slice *open = push_open(file, track, slice->name);
    file->slices++;
    start_event(file, "B");
    put_place(file, track);
    put_time(file, time_s);
    put_name(file, open->name, slice->category);
    put_details(file, slice->details);
}

void timeline_file_end(struct timeline_file *file, struct timeline_track track, double time_s)
{
    start_event(file, "E");
    put_place(file, track);
    put_time(file, time_s);
    put_name(file, pop_open(file, track), NULL);
    put(file, "}");
}

void timeline_file_arrow(struct timeline_file *file, struct timeline_track track,
                         enum timeline_arrow end, const char *name, int64_t number,
                         double time_s)
{
    start_event(file, end == TIMELINE_ARROW_OUT ? "s" : "f");
    put_place(file, track);
    put_time(file, time_s);
    put_name(file, name, "arrow");
    put_format(file, ",\"id\":%lld%s}", (long long)number,
               end == TIMELINE_ARROW_OUT ? "" : ",\"bp\":\"e\"");
}

void timeline_file_phase(struct timeline_file *file, int32_t process,
                         const struct timeline_slice *slice, int64_t number, double start_s,
                         double end_s)
{
    file->slices++;
    for (int end = 0; end < 2; end++) {
        start_event(file, end ? "e" : "b");
        put_place(file, (struct timeline_track){process, 0});
        put_time(file, end ? end_s : start_s);
        put_name(file, slice->name, slice->category);
        put_format(file, ",\"id\":\"0x%llx\"", (unsigned long long)number);
        put_details(file, end ? NULL : slice->details);
    }
}

void timeline_file_counter(struct timeline_file *file, int32_t process, const char *name,
                           double value, double time_s)
{
    start_event(file, "C");
    put_place(file, (struct timeline_track){process, 0});
    put_time(file, time_s);
    put_name(file, name, NULL);
    put_format(file, ",\"args\":{\"value\":%.12g}}", value);
}

int64_t timeline_file_slices(const struct timeline_file *file)
{
    return file->slices;
}

bool timeline_file_close(struct timeline_file *file, const struct timeline_fact *facts,
                         int count, struct error *error)
{
    put(file, "\n],\n\"otherData\":{");
    for (int i = 0; i < count; i++) {
        put(file, i > 0 ? ",\n" : "\n");
        put_text(file, facts[i].name);
        put(file, ":");
        put_text(file, facts[i].text);
    }
    put(file, "}}\n");
    flush(file);
    return new_file_close(&file->file, error);
}
