/* SPDX-License-Identifier: Apache-2.0 */
/* The table of keys, and one reader per type. A value comes as text from YAML, from --set and
 * from the defaults alike, so that all three mean the same. */
#include "workload/scenario_key.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"

#define KEY_ROW(GROUP, NAME, TYPE, MEMBER, LOW, HIGH, CHOICES, DEFAULT, MEANING)               \
    {GROUP #NAME, #NAME,   KEY_##TYPE, offsetof(struct scenario, MEMBER), LOW, HIGH,           \
     CHOICES,     DEFAULT, MEANING},
#define TOP_ROW(...)            KEY_ROW("", __VA_ARGS__)
#define TRAINING_ROW(...)       KEY_ROW("training.", __VA_ARGS__)
#define PLAN_ROW(...)           KEY_ROW("training.plan.", __VA_ARGS__)
#define COLLECTIVE_ROW(...)     KEY_ROW("collective.", __VA_ARGS__)
#define SERVING_ROW(...)        KEY_ROW("serving.", __VA_ARGS__)
#define LOAD_ROW(...)           KEY_ROW("serving.load.", __VA_ARGS__)
#define ENGINE_ROW(...)         KEY_ROW("serving.engine.", __VA_ARGS__)
#define SERVING_PLAN_ROW(...)   KEY_ROW("serving.plan.", __VA_ARGS__)
#define TIER_ROW(...)           KEY_ROW("serving.tiers.", __VA_ARGS__)
#define DISAGGREGATION_ROW(...) KEY_ROW("serving.disaggregation.", __VA_ARGS__)
#define FLEET_ROW(...)          KEY_ROW("serving.fleet.", __VA_ARGS__)
#define LEVEL_ROW(...)          KEY_ROW("serving.slo.", __VA_ARGS__)
#define RESULT_ROW(...)         KEY_ROW("serving.results.", __VA_ARGS__)
#define SIMULATION_ROW(...)     KEY_ROW("simulation.", __VA_ARGS__)

static const struct scenario_key keys[] = {
    SCENARIO_TOP_KEYS(TOP_ROW) SCENARIO_TRAINING_KEYS(TRAINING_ROW) SCENARIO_PLAN_KEYS(PLAN_ROW)
        SCENARIO_COLLECTIVE_KEYS(COLLECTIVE_ROW) SCENARIO_SERVING_KEYS(SERVING_ROW)
            SCENARIO_LOAD_KEYS(LOAD_ROW) SCENARIO_ENGINE_KEYS(ENGINE_ROW)
                SCENARIO_SERVING_PLAN_KEYS(SERVING_PLAN_ROW) SCENARIO_TIER_KEYS(TIER_ROW)
                    SCENARIO_DISAGGREGATION_KEYS(DISAGGREGATION_ROW)
                        SCENARIO_FLEET_KEYS(FLEET_ROW) SCENARIO_LEVEL_KEYS(LEVEL_ROW)
                            SCENARIO_RESULT_KEYS(RESULT_ROW)
                                SCENARIO_SIMULATION_KEYS(SIMULATION_ROW)};
enum { KEY_COUNT_ALL = sizeof keys / sizeof keys[0], LIST_SIZE = 160 };

int scenario_key_count(void)
{
    return KEY_COUNT_ALL;
}

const struct scenario_key *scenario_key_at(int index)
{
    return &keys[index];
}

static bool ends_in(const struct scenario_key *key, const char *name)
{
    size_t length = strlen(name), whole = strlen(key->name);
    return length > 0 && whole >= length && strcmp(key->name + whole - length, name) == 0 &&
           (whole == length || key->name[whole - length - 1] == '.');
}

const struct scenario_key *scenario_key_find(const char *name)
{
    for (int i = 0; i < KEY_COUNT_ALL; i++) {
        if (ends_in(&keys[i], name)) {
            return &keys[i];
        }
    }
    return NULL;
}

/* Of no kind in particular. */
static bool is_shared(const struct scenario_key *key)
{
    return strchr(key->name, '.') == NULL || strncmp(key->name, "simulation.", 11) == 0;
}

const struct scenario_key *scenario_key_find_kind(const char *kind, const char *name)
{
    size_t length = strlen(kind);
    for (int i = 0; i < KEY_COUNT_ALL; i++) {
        bool own = strncmp(keys[i].name, kind, length) == 0 && keys[i].name[length] == '.';
        if ((own || is_shared(&keys[i])) && ends_in(&keys[i], name)) {
            return &keys[i];
        }
    }
    return NULL;
}

/* "a|b|c" as "a, b or c" */
static const char *choice_list(const char *choices, char list[LIST_SIZE])
{
    size_t length = 0;
    const char *last = strrchr(choices, '|');
    for (const char *at = choices; *at != '\0' && length + 5 < LIST_SIZE; at++) {
        const char *text = at == last ? " or " : ", ";
        length += (size_t)snprintf(list + length, LIST_SIZE - length,
                                   *at == '|' ? "%s" : "%.1s", *at == '|' ? text : at);
    }
    return list;
}

/* Position of text among the choices, -1 when it is none. */
static int choice_index(const char *choices, const char *text)
{
    size_t length = strlen(text);
    for (int index = 0;; index++) {
        size_t choice = strcspn(choices, "|");
        if (choice == length && strncmp(choices, text, length) == 0) {
            return index;
        }
        if (choices[choice] == '\0') {
            return -1;
        }
        choices += choice + 1;
    }
}

static bool refuse_choice(const struct scenario_key *key, const char *text, struct error *error)
{
    char list[LIST_SIZE];
    return error_fill(error, ERROR_INPUT, "is '%.60s', expected %s", text,
                      choice_list(key->choices, list));
}

static bool refuse_value(struct error *error, const struct error *cause)
{
    return error_fill(error, ERROR_INPUT, "is wrong: %.600s", cause->message);
}

static bool read_count(const struct scenario_key *key, const char *text, void *member,
                       struct error *error)
{
    struct error cause = {.kind = ERROR_NONE};
    double value;
    if (key->type == KEY_CHIPS && strcmp(text, "all") == 0) {
        text = "0";
    }
    if (!units_read(text, UNIT_COUNT, &value, &cause)) {
        return refuse_value(error, &cause);
    }
    if (value < (double)key->lowest || value > (double)key->highest) {
        return error_fill(error, ERROR_INPUT,
                          "is %.60s, expected a whole number from %lld to %lld", text,
                          (long long)key->lowest, (long long)key->highest);
    }
    int64_t count = (int64_t)value;
    memcpy(member, &count, sizeof count);
    return true;
}

static bool read_size(const struct scenario_key *key, const char *text, void *member,
                      struct error *error)
{
    struct error cause = {.kind = ERROR_NONE};
    double value;
    if (!units_read(text, UNIT_BYTES, &value, &cause)) {
        return refuse_value(error, &cause);
    }
    if (value < (double)key->lowest || value > (double)key->highest) {
        return error_fill(error, ERROR_INPUT, "is %.60s, expected from 1B to 1PiB", text);
    }
    memcpy(member, &value, sizeof value);
    return true;
}

static bool read_share(const char *text, void *member, struct error *error)
{
    struct error cause = {.kind = ERROR_NONE};
    double value;
    if (!units_read(text, UNIT_FRACTION, &value, &cause)) {
        return refuse_value(error, &cause);
    }
    if (value <= 0 || value > 1) {
        return error_fill(error, ERROR_INPUT, "is %.60s, expected more than 0 and at most 1",
                          text);
    }
    memcpy(member, &value, sizeof value);
    return true;
}

static bool read_real(const struct scenario_key *key, const char *text, void *member,
                      struct error *error)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' ||
        !(value >= (double)key->lowest && value <= (double)key->highest)) {
        return error_fill(error, ERROR_INPUT, "is '%.60s', expected a number from %lld to %lld",
                          text, (long long)key->lowest, (long long)key->highest);
    }
    memcpy(member, &value, sizeof value);
    return true;
}

static bool read_quantity(const char *text, enum unit unit, void *member, struct error *error)
{
    struct error cause = {.kind = ERROR_NONE};
    double value;
    if (!units_read(text, unit, &value, &cause)) {
        return refuse_value(error, &cause);
    }
    memcpy(member, &value, sizeof value);
    return true;
}

static bool read_switch(const char *text, void *member, struct error *error)
{
    int index = choice_index("on|off|true|false|yes|no", text);
    if (index < 0) {
        return error_fill(error, ERROR_INPUT, "is '%.60s', expected on or off", text);
    }
    bool on = index % 2 == 0;
    memcpy(member, &on, sizeof on);
    return true;
}

static bool read_choice(const struct scenario_key *key, const char *text, void *member,
                        struct error *error)
{
    int index = choice_index(key->choices, text);
    if (index < 0) {
        return refuse_choice(key, text, error);
    }
    if (key->type == KEY_NUMBER) {
        double number;
        units_read(text, UNIT_COUNT, &number, error);
        memcpy(member, &number, sizeof number);
    } else if (key->type == KEY_DTYPE) {
        enum dtype dtype;
        dtype_read(text, &dtype, error);
        memcpy(member, &dtype, sizeof dtype);
    } else {
        memcpy(member, &index, sizeof index); /* an enum */
    }
    return true;
}

static bool read_text(const struct scenario_key *key, const char *text, void *member,
                      struct arena *arena, struct error *error)
{
    if (key->choices != NULL && choice_index(key->choices, text) < 0) {
        return refuse_choice(key, text, error);
    }
    if (text[0] == '\0') {
        return error_fill(error, ERROR_INPUT, "is empty, expected a text");
    }
    const char *copy = arena_text(arena, text);
    memcpy(member, &copy, sizeof copy);
    return true;
}

bool scenario_key_apply(const struct scenario_key *key, const char *text,
                        struct scenario *scenario, struct arena *arena, struct error *error)
{
    void *member = (char *)scenario + key->offset;
    switch (key->type) {
    case KEY_COUNT:
    case KEY_CHIPS:
        return read_count(key, text, member, error);
    case KEY_SIZE:
        return read_size(key, text, member, error);
    case KEY_SHARE:
        return read_share(text, member, error);
    case KEY_REAL:
        return read_real(key, text, member, error);
    case KEY_TIME:
        return read_quantity(text, UNIT_SECONDS, member, error);
    case KEY_RATE:
        return read_quantity(text, UNIT_BYTES_PER_S, member, error);
    case KEY_SWITCH:
        return read_switch(text, member, error);
    case KEY_FIXED:
    case KEY_CHOICE:
    case KEY_NUMBER:
    case KEY_DTYPE:
        return read_choice(key, text, member, error);
    case KEY_TEXT:
    case KEY_WORD:
    case KEY_MODEL:
        break;
    }
    return read_text(key, text, member, arena, error);
}

static void type_text(const struct scenario_key *key, char *text, int size)
{
    char list[LIST_SIZE];
    switch (key->type) {
    case KEY_COUNT:
        snprintf(text, (size_t)size, "whole number, %lld to %lld", (long long)key->lowest,
                 (long long)key->highest);
        break;
    case KEY_CHIPS:
        snprintf(text, (size_t)size, "whole number or all");
        break;
    case KEY_SIZE:
        snprintf(text, (size_t)size, "size such as 64MiB");
        break;
    case KEY_SHARE:
        snprintf(text, (size_t)size, "share such as 0.8");
        break;
    case KEY_REAL:
        snprintf(text, (size_t)size, "number, %lld to %lld", (long long)key->lowest,
                 (long long)key->highest);
        break;
    case KEY_TIME:
        snprintf(text, (size_t)size, "time such as 30s");
        break;
    case KEY_RATE:
        snprintf(text, (size_t)size, "bandwidth such as 50GBps");
        break;
    case KEY_SWITCH:
        snprintf(text, (size_t)size, "on or off");
        break;
    case KEY_MODEL:
        snprintf(text, (size_t)size, "path");
        break;
    case KEY_FIXED:
    case KEY_TEXT:
    case KEY_WORD:
    case KEY_CHOICE:
    case KEY_NUMBER:
    case KEY_DTYPE:
        snprintf(text, (size_t)size, "%s",
                 key->choices == NULL ? "text" : choice_list(key->choices, list));
        break;
    }
}

void scenario_key_row(const struct scenario_key *key, char *row, int size)
{
    char type[LIST_SIZE];
    type_text(key, type, sizeof type);
    snprintf(row, (size_t)size, "| `%s` | %s | %s | %s |", key->name, type,
             key->fallback == NULL ? "required" : key->fallback, key->meaning);
}
