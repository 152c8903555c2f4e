/* SPDX-License-Identifier: Apache-2.0 */
/* Routes are bypass routes of one zone: they live in an ordered map, so that a network of many
 * thousand end points needs no table of all pairs. */
#include "engine/wiring.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int32_t wiring_wire(struct wiring *wiring, const char *name, double capacity_Bps, bool fatpipe)
{
    wiring->wires = arena_grow(wiring->arena, wiring->wires, wiring->wire_count,
                               &wiring->wire_capacity, sizeof(struct wire));
    wiring->wires[wiring->wire_count] =
        (struct wire){.name = name, .capacity_Bps = capacity_Bps, .fatpipe = fatpipe};
    return (int32_t)wiring->wire_count++;
}

int32_t wiring_pair(struct wiring *wiring, int32_t from, int32_t to)
{
    wiring->pairs = arena_grow(wiring->arena, wiring->pairs, wiring->pair_count,
                               &wiring->pair_capacity, sizeof(struct pair));
    wiring->pairs[wiring->pair_count] =
        (struct pair){.from = from, .to = to, .first = (int32_t)wiring->crossing_count};
    return (int32_t)wiring->pair_count++;
}

void wiring_cross(struct wiring *wiring, int32_t wire, int32_t weight)
{
    wiring->crossings = arena_grow(wiring->arena, wiring->crossings, wiring->crossing_count,
                                   &wiring->crossing_capacity, sizeof(struct crossing));
    wiring->crossings[wiring->crossing_count++] = (struct crossing){wire, weight};
    wiring->pairs[wiring->pair_count - 1].count++;
}

struct text {
    char *bytes;
    int64_t size, room;
};

static void add(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int written = vsnprintf(text->bytes + text->size, (size_t)(text->room - text->size), format,
                            arguments);
    va_end(arguments);
    text->size += written;
}

enum { NAME_SIZE = 64 };

/* As the platform calls a wire, or by its number: l17. */
static const char *wire_name(const struct wiring *wiring, int64_t wire, char name[NAME_SIZE])
{
    const char *own = wiring->wires[wire].name;
    if (own != NULL && strlen(own) < NAME_SIZE) {
        return own;
    }
    snprintf(name, NAME_SIZE, "l%lld", (long long)wire);
    return name;
}

static int32_t times_listed(const struct wiring *wiring, const struct crossing *crossing)
{
    const struct wire *wire = &wiring->wires[crossing->wire];
    return wire->idle ? 0 : wire->fatpipe ? 1 : crossing->weight;
}

/* An upper bound of what wiring_xml writes. */
static int64_t room_for(const struct wiring *wiring)
{
    int64_t room = 1024 + wiring->end_point_count * 48 + wiring->wire_count * 200 +
                   wiring->pair_count * 96;
    char name[NAME_SIZE];
    for (int64_t i = 0; i < wiring->crossing_count; i++) {
        const struct crossing *crossing = &wiring->crossings[i];
        size_t length = strlen(wire_name(wiring, crossing->wire, name));
        room += (24 + (int64_t)length) * times_listed(wiring, crossing);
    }
    for (int64_t i = 0; i < wiring->wire_count; i++) {
        const struct wire *wire = &wiring->wires[i];
        room += wire->note == NULL ? 0 : snprintf(NULL, 0, "%s", wire->note) + 16;
    }
    for (int64_t i = 0; i < wiring->pair_count; i++) {
        const struct pair *pair = &wiring->pairs[i];
        room += pair->note == NULL ? 0 : snprintf(NULL, 0, "%s", pair->note) + 16;
    }
    return room;
}

static void add_pair(struct text *text, const struct wiring *wiring, const struct pair *pair)
{
    char name[NAME_SIZE];
    if (pair->note != NULL) {
        add(text, "<!-- %s -->\n", pair->note);
    }
    add(text, "<bypassRoute src=\"h%d\" dst=\"h%d\">", pair->from, pair->to);
    for (int32_t c = pair->first; c < pair->first + pair->count; c++) {
        const struct crossing *crossing = &wiring->crossings[c];
        for (int32_t w = 0; w < times_listed(wiring, crossing); w++) {
            add(text, "<link_ctn id=\"%s\"/>", wire_name(wiring, crossing->wire, name));
        }
    }
    add(text, "</bypassRoute>\n");
}

char *wiring_xml(const struct wiring *wiring, struct arena *arena, int64_t *size)
{
    struct text text = {.room = room_for(wiring)};
    char name[NAME_SIZE];
    text.bytes = arena_alloc(arena, (size_t)text.room);
    add(&text, "<?xml version='1.0'?>\n"
               "<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">\n"
               "<platform version=\"4.1\">\n<zone id=\"run\" routing=\"None\">\n");
    for (int64_t i = 0; i < wiring->end_point_count; i++) {
        add(&text, "<host id=\"h%lld\" speed=\"1f\"/>\n", (long long)i);
    }
    for (int64_t i = 0; i < wiring->wire_count; i++) {
        const struct wire *wire = &wiring->wires[i];
        if (wire->idle) {
            continue;
        }
        if (wire->note != NULL) {
            add(&text, "<!-- %s -->\n", wire->note);
        }
        add(&text,
            "<link id=\"%s\" bandwidth=\"%.17gBps\" latency=\"0s\" "
            "sharing_policy=\"%s\"/>\n",
            wire_name(wiring, i, name), wire->capacity_Bps,
            wire->fatpipe ? "FATPIPE" : "SHARED");
    }
    for (int64_t i = 0; i < wiring->pair_count; i++) {
        add_pair(&text, wiring, &wiring->pairs[i]);
    }
    add(&text, "</zone>\n</platform>\n");
    *size = text.size;
    return text.bytes;
}
