/* SPDX-License-Identifier: Apache-2.0 */
/* A point's digest is that of the texts of its files and of its settings, in the order of their
 * names, so that moved files and reordered axes change nothing. */
#include "cli/sweep_point.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/run.h"
#include "cli/sweep_property.h"

enum { PLAN_LIMIT_BYTES = 1 << 20 };
static bool same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static const char *file_of(const struct sweep_inputs *inputs, int64_t point,
                           enum sweep_target target)
{
    const char *value = sweep_target_value(inputs->sweep, point, target);
    return value == NULL ? NULL : sweep_path(inputs->sweep, value, inputs->arena);
}

/* Files */

static struct sweep_platform *platform_of(struct sweep_inputs *inputs, int64_t point,
                                          struct error *error)
{
    const char *value = sweep_target_value(inputs->sweep, point, SWEEP_PLATFORM);
    for (int64_t i = 0; i < inputs->platform_count; i++) {
        if (same(inputs->platforms[i].value, value)) {
            return &inputs->platforms[i];
        }
    }
    inputs->platforms = arena_grow(inputs->arena, inputs->platforms, inputs->platform_count,
                                   &inputs->platform_capacity, sizeof *inputs->platforms);
    struct sweep_platform *added = &inputs->platforms[inputs->platform_count];
    added->value = value;
    added->platform =
        platform_read(file_of(inputs, point, SWEEP_PLATFORM), inputs->arena, error);
    if (added->platform == NULL) {
        return NULL;
    }
    added->properties = arena_array(inputs->arena, inputs->sweep->key_count, sizeof(bool));
    digest_of(added->platform->text, added->platform->text_size, added->digest);
    inputs->platform_count++;
    return added;
}

/* NULL without an error when the point has no prices. */
static struct price_book *book_of(struct sweep_inputs *inputs, int64_t point,
                                  struct error *error)
{
    const char *value = sweep_target_value(inputs->sweep, point, SWEEP_PRICES);
    const char *path = value;
    if (value != NULL && strcmp(value, "none") != 0) {
        path = file_of(inputs, point, SWEEP_PRICES);
    }
    path = price_path(path, file_of(inputs, point, SWEEP_PLATFORM), inputs->arena);
    for (int64_t i = 0; path != NULL && i < inputs->prices_count; i++) {
        if (strcmp(inputs->prices[i].path, path) == 0) {
            return inputs->prices[i].book;
        }
    }
    struct price_book *book = path == NULL ? NULL : price_read(path, inputs->arena, error);
    if (book != NULL) {
        inputs->prices = arena_grow(inputs->arena, inputs->prices, inputs->prices_count,
                                    &inputs->prices_capacity, sizeof *inputs->prices);
        inputs->prices[inputs->prices_count++] = (struct sweep_prices){path, book};
    }
    return book;
}

static const char *model_of(const struct sweep_inputs *inputs, int64_t point)
{
    for (int k = 0; k < inputs->sweep->key_count; k++) {
        const struct scenario_key *key = inputs->sweep->keys[k].scenario;
        if (key != NULL && key->type == KEY_MODEL) {
            return sweep_value(inputs->sweep, point, k);
        }
    }
    return NULL;
}

static bool read_scenario(struct sweep_inputs *inputs, int64_t point,
                          struct sweep_scenario *into, struct error *error)
{
    struct arena *arena = inputs->arena;
    size_t size;
    into->plan_text = "";
    into->scenario = scenario_read(file_of(inputs, point, SWEEP_WORKLOAD), into->platform_name,
                                   NULL, 0, arena, error);
    if (into->scenario == NULL) {
        return false;
    }
    if (into->plan != NULL) {
        const char *path = file_of(inputs, point, SWEEP_PLAN);
        into->plan_text = file_read(path, PLAN_LIMIT_BYTES, &size, arena, error);
        if (into->plan_text == NULL ||
            !scenario_plan_read(into->scenario, path, arena, error)) {
            return false;
        }
    }
    return into->model == NULL ||
           scenario_override(into->scenario, arena_format(arena, "model=%s", into->model),
                             arena, error);
}

static struct sweep_scenario *scenario_of(struct sweep_inputs *inputs, int64_t point,
                                          const struct platform *platform, struct error *error)
{
    struct sweep_scenario wanted = {sweep_target_value(inputs->sweep, point, SWEEP_WORKLOAD),
                                    platform->name,
                                    sweep_target_value(inputs->sweep, point, SWEEP_PLAN),
                                    model_of(inputs, point),
                                    NULL,
                                    ""};
    for (int64_t i = 0; i < inputs->scenario_count; i++) {
        const struct sweep_scenario *have = &inputs->scenarios[i];
        if (same(have->workload, wanted.workload) && same(have->plan, wanted.plan) &&
            same(have->model, wanted.model) &&
            same(have->platform_name, wanted.platform_name)) {
            return &inputs->scenarios[i];
        }
    }
    if (!read_scenario(inputs, point, &wanted, error)) {
        return NULL;
    }
    inputs->scenarios = arena_grow(inputs->arena, inputs->scenarios, inputs->scenario_count,
                                   &inputs->scenario_capacity, sizeof *inputs->scenarios);
    inputs->scenarios[inputs->scenario_count] = wanted;
    return &inputs->scenarios[inputs->scenario_count++];
}

/* Settings */

static bool apply_key(const struct sweep_key *key, const char *value, struct scenario *scenario,
                      struct arena *arena, struct error *error)
{
    if (key->target != SWEEP_SCENARIO || key->scenario->type == KEY_MODEL || *value == '\0') {
        return true;
    }
    return scenario_override(scenario, arena_format(arena, "%s=%s", key->name, value), arena,
                             error);
}

static bool read_detail(const char *text, enum detail *detail, struct error *error)
{
    for (int d = 0; text != NULL && d < DETAIL_COUNT; d++) {
        if (strcmp(text, run_job_detail_name((enum detail)d)) == 0) {
            *detail = (enum detail)d;
            return true;
        }
    }
    return text == NULL ||
           error_fill(error, ERROR_INPUT, "detail is '%.40s', expected message, flow or folded",
                      text);
}

/* What a point asks of the command line of run. */
static bool request_of(const struct sweep_inputs *inputs, int64_t point,
                       struct run_request *request, struct error *error)
{
    const struct sweep *sweep = inputs->sweep;
    const char *domains = sweep_target_value(sweep, point, SWEEP_ULTRASERVERS);
    const char *kind = sweep_target_value(sweep, point, SWEEP_PRICE_KIND);
    *request = (struct run_request){
        .detail = DETAIL_COUNT, .price_kind = PRICE_ANY, .shared = {.quiet = true}};
    const char *find = sweep_target_value(sweep, point, SWEEP_FIND_CAPACITY);
    request->find_capacity = find != NULL && strcmp(find, "on") == 0;
    if (find != NULL && !request->find_capacity && strcmp(find, "off") != 0) {
        return error_fill(error, ERROR_INPUT, "find_capacity is '%.40s', expected on or off",
                          find);
    }
    if (kind != NULL && !price_kind_read(kind, &request->price_kind, error)) {
        return false;
    }
    if (domains != NULL &&
        !command_count("ultraservers", domains, 1, &request->domains, error)) {
        return false;
    }
    return read_detail(sweep_target_value(sweep, point, SWEEP_DETAIL), &request->detail, error);
}

/* Every value must be readable before the first point runs. */
static bool check_values(const struct sweep_inputs *inputs, int64_t point,
                         const struct scenario *base, struct error *error)
{
    const struct sweep *sweep = inputs->sweep;
    struct run_request request;
    struct error cause = {.kind = ERROR_NONE};
    if (!request_of(inputs, point, &request, &cause)) {
        return document_error(sweep->document, "", error, cause.message);
    }
    struct arena *scratch = arena_create();
    bool right = true;
    for (int k = 0; right && k < sweep->key_count; k++) {
        struct scenario copy = *base;
        right =
            apply_key(&sweep->keys[k], sweep_value(sweep, point, k), &copy, scratch, &cause);
        if (!right) {
            document_error(sweep->document, sweep->keys[k].place, error, cause.message);
        }
    }
    arena_free(scratch);
    return right;
}

static void add_text(struct digest *digest, const char *text)
{
    digest_add(digest, text, strlen(text) + 1);
}

static void digest_point(const struct sweep_inputs *inputs, int64_t point,
                         const struct sweep_platform *platform,
                         const struct sweep_scenario *scenario, const struct price_book *book,
                         char text[DIGEST_TEXT_SIZE])
{
    const struct sweep *sweep = inputs->sweep;
    struct digest digest;
    digest_init(&digest);
    add_text(&digest, "trnsim " TRNSIM_VERSION " " TRNSIM_GIT);
    add_text(&digest, scenario->scenario->name);
    add_text(&digest, scenario->scenario->text);
    add_text(&digest, scenario->scenario->model == NULL ? "" : scenario->scenario->model->text);
    add_text(&digest, scenario->plan_text);
    add_text(&digest, platform->platform->name);
    add_text(&digest, platform->digest);
    add_text(&digest, book == NULL ? "" : book->text);
    for (int i = 0; i < sweep->key_count; i++) {
        const struct sweep_key *key = &sweep->keys[inputs->order[i]];
        bool file = key->target == SWEEP_WORKLOAD || key->target == SWEEP_PLATFORM ||
                    key->target == SWEEP_PLAN || key->target == SWEEP_PRICES;
        if (!file) {
            add_text(&digest, key->column);
            add_text(&digest, sweep_value(sweep, point, inputs->order[i]));
        }
    }
    digest_end(&digest, text);
}

static void order_keys(struct sweep_inputs *inputs)
{
    const struct sweep *sweep = inputs->sweep;
    inputs->order = arena_array(inputs->arena, sweep->key_count, sizeof(int));
    for (int k = 0; k < sweep->key_count; k++) {
        int at = k;
        while (at > 0 &&
               strcmp(sweep->keys[inputs->order[at - 1]].column, sweep->keys[k].column) > 0) {
            inputs->order[at] = inputs->order[at - 1];
            at--;
        }
        inputs->order[at] = k;
    }
}

bool sweep_point_prepare(struct sweep_inputs *inputs, struct sweep_point *points,
                         struct error *error)
{
    order_keys(inputs);
    for (int64_t p = 0; p < inputs->sweep->point_count; p++) {
        struct sweep_platform *platform = platform_of(inputs, p, error);
        struct sweep_scenario *scenario =
            platform == NULL ? NULL : scenario_of(inputs, p, platform->platform, error);
        if (scenario == NULL || !check_values(inputs, p, scenario->scenario, error) ||
            !sweep_property_check(inputs->sweep, p, platform->platform, platform->properties,
                                  error)) {
            return false;
        }
        bool priced = scenario->scenario->kind != SCENARIO_COLLECTIVE;
        struct price_book *book = priced ? book_of(inputs, p, error) : NULL;
        if (error->kind != ERROR_NONE) {
            return false;
        }
        digest_point(inputs, p, platform, scenario, book, points[p].digest);
    }
    return true;
}

/* Running */

static struct scenario *settle(struct sweep_inputs *inputs, int64_t point,
                               const struct scenario *base, struct error *error)
{
    struct scenario *scenario = arena_alloc(inputs->arena, sizeof *scenario);
    *scenario = *base;
    for (int k = 0; k < inputs->sweep->key_count; k++) {
        if (!apply_key(&inputs->sweep->keys[k], sweep_value(inputs->sweep, point, k), scenario,
                       inputs->arena, error)) {
            return NULL;
        }
    }
    return scenario;
}

bool sweep_point_run(struct sweep_inputs *inputs, int64_t point, const char *output,
                     struct error *error)
{
    struct run_request request;
    struct run_job job = {.request = &request, .arena = inputs->arena, .output = output};
    struct sweep_platform *platform = platform_of(inputs, point, error);
    struct sweep_scenario *base = scenario_of(inputs, point, platform->platform, error);
    if (!request_of(inputs, point, &request, error)) {
        return false;
    }
    job.provenance = run_job_provenance(inputs->arena);
    bool priced = base->scenario->kind != SCENARIO_COLLECTIVE;
    job.book = priced ? book_of(inputs, point, error) : NULL;
    job.platform =
        sweep_property_apply(inputs->sweep, point, platform->platform, inputs->arena, error);
    job.scenario = settle(inputs, point, base->scenario, error);
    if (job.platform == NULL || job.scenario == NULL) {
        return false;
    }
    if (request.domains > 0) {
        job.platform->domain_count = request.domains;
    }
    if (!platform_check_domains(job.platform, error)) {
        return false;
    }
    return run_job_settle(&job, error) && run_simulate(&job, error);
}
