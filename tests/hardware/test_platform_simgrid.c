/* SPDX-License-Identifier: Apache-2.0 */
/* SimGrid reads the shipped platform files, and expanded ones, as we do: for every pair of
 * chips its route has our links in our order, our latency and our smallest bandwidth. */
#include <stdio.h>
#include <string.h>

#include <simgrid/actor.h>
#include <simgrid/engine.h>
#include <simgrid/host.h>
#include <simgrid/link.h>
#include <xbt/dynar.h>

#include "hardware/fabric.h"
#include "hardware/platform_expand.h"
#include "hardware/platform_list.h"
#include "support/support.h"

struct check {
    const struct platform *platform;
    const char *path; /* what SimGrid loads: the platform's file, or the expanded one */
    bool expanded;
    int failures;
    int64_t compared;
};

static sg_host_t host(const struct check *check, int64_t chip)
{
    const struct platform *platform = check->platform;
    char name[200];
    const char *local = platform->chip_names[chip % platform->chip_count];
    if (check->expanded) {
        snprintf(name, sizeof name, "u%lld.%s", (long long)(chip / platform->chip_count),
                 local);
    } else {
        snprintf(name, sizeof name, "%s", local);
    }
    return sg_host_by_name(name);
}

/* Links of SimGrid's route that are no pass of a switch; false when one differs from ours. */
static bool same_links(const struct check *check, const struct fabric_path *path,
                       xbt_dynar_t links, struct arena *arena)
{
    int32_t at = 0;
    for (unsigned long i = 0; i < xbt_dynar_length(links); i++) {
        sg_link_t link = xbt_dynar_get_as(links, i, sg_link_t);
        const char *name = sg_link_get_name(link);
        if (strstr(name, "-pass") != NULL) {
            continue;
        }
        if (at == path->link_count) {
            return false;
        }
        int64_t ours = path->links[at++];
        const char *expected = fabric_link_name(check->platform, ours, arena);
        expected = check->expanded ? expected : strchr(expected, '.') + 1;
        if (ours >= 0 && strcmp(name, expected) != 0) {
            return false;
        }
        if (check->platform->tiers != NULL && ours < 0 && name[0] != 't') {
            return false;
        }
    }
    return at == path->link_count;
}

static double raw_Bps(const struct check *check, const struct fabric_path *path)
{
    const struct platform *platform = check->platform;
    double least = 1e30;
    for (int32_t i = 0; i < path->link_count; i++) {
        if (path->links[i] >= 0) {
            double raw = platform->links[path->links[i] % platform->link_count].raw_Bps;
            least = raw < least ? raw : least;
        }
    }
    return least;
}

static bool same_route(const struct check *check, int64_t from, int64_t to, struct arena *arena)
{
    struct fabric_path path;
    fabric_path(check->platform, from, to, &path);
    sg_host_t source = host(check, from), target = host(check, to);
    xbt_dynar_t links = xbt_dynar_new(sizeof(sg_link_t), NULL);
    sg_host_get_route(source, target, links);
    bool same = same_links(check, &path, links, arena) &&
                near(sg_host_get_route_latency(source, target), path.latency_s, 1e-9) &&
                near(sg_host_get_route_bandwidth(source, target), raw_Bps(check, &path), 1e-9);
    xbt_dynar_free(&links);
    if (!same) {
        fprintf(stderr, "%s: route %lld to %lld differs\n", check->platform->name,
                (long long)from, (long long)to);
    }
    return same;
}

static void compare_all(int argc, char **argv)
{
    (void)argc, (void)argv;
    struct check *check = sg_actor_self_get_data();
    int64_t chips = platform_chips(check->platform);
    struct arena *arena = arena_create();
    for (int64_t from = 0; from < chips && check->failures < 3; from++) {
        for (int64_t to = 0; to < chips; to++) {
            if (from != to) {
                check->failures += !same_route(check, from, to, arena);
                check->compared++;
            }
        }
    }
    arena_free(arena);
}

static int load(void *argument)
{
    struct check *check = argument;
    int count = 4;
    char program[] = "test", quiet[] = "--log=root.thresh:critical",
         model[] = "--cfg=network/model:CM02", stack[] = "--cfg=contexts/stack-size:1024";
    char *words[] = {program, quiet, model, stack, NULL};
    simgrid_init(&count, words);
    simgrid_load_platform(check->path);
    if (sg_host_count() != (size_t)platform_chips(check->platform)) {
        return 1;
    }
    sg_actor_t actor = sg_actor_init("compare", host(check, 0));
    sg_actor_set_data(actor, check);
    sg_actor_start(actor, compare_all, 0, NULL);
    simgrid_run();
    int64_t chips = platform_chips(check->platform);
    return check->failures != 0 || check->compared != chips * (chips - 1);
}

static void test_shipped_files(void)
{
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct platform_entry *entries;
    int64_t count;
    CU_ASSERT_FATAL(
        platform_list_read(SOURCE_FOLDER "/platforms", &entries, &count, arena, &error));
    CU_ASSERT(count >= 15);
    for (int64_t i = 0; i < count; i++) {
        CU_ASSERT_PTR_NOT_NULL_FATAL(entries[i].platform);
        struct check check = {.platform = entries[i].platform, .path = entries[i].path};
        CU_ASSERT(in_child(load, &check));
    }
    arena_free(arena);
}

static bool expanded_agrees(const char *file, int64_t domains)
{
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct platform *platform =
        platform_read(arena_format(arena, SOURCE_FOLDER "/platforms/%s", file), arena, &error);
    bool agrees = false;
    if (platform != NULL) {
        platform->domain_count = domains;
        struct check check = {
            .platform = platform, .path = temporary_file("", ".xml"), .expanded = true};
        FILE *output = fopen(check.path, "w");
        platform_expand(platform, output, arena);
        fclose(output);
        agrees = platform_check_domains(platform, &error) && in_child(load, &check);
    }
    arena_free(arena);
    return agrees;
}

static void test_expanded_files(void)
{
    CU_ASSERT(expanded_agrees("trn3-ultraserver.xml", 3));
    CU_ASSERT(expanded_agrees("trn1.32xlarge.xml", 20)); /* groups of 8: the last has 4 */
    CU_ASSERT(expanded_agrees("p5en.xml", 1));
}

void suite_platform_simgrid(void);

void suite_platform_simgrid(void)
{
    static const struct test tests[] = {
        {"SimGrid's routes in shipped files are ours", test_shipped_files},
        {"SimGrid's routes in expanded files are ours", test_expanded_files},
    };
    add_suite("platform_simgrid", tests, 2);
}
