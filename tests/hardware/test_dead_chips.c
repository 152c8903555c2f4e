/* SPDX-License-Identifier: Apache-2.0 */
/* Dead chips take out what their topology says, and the links that end at them. */
#include <string.h>

#include "hardware/dead_chips.h"
#include "hardware/defect.h"
#include "hardware/fabric.h"
#include "support/support.h"
#include "support/tiny_platform.h"

static const struct platform *machine(const char *file, const char *dead, uint64_t seed,
                                      struct arena *arena, struct error *error)
{
    struct defects defects = {.dead_chips = dead};
    *error = (struct error){.kind = ERROR_NONE};
    struct platform *platform = file == NULL ? tiny_platform(NULL, NULL, arena, error)
                                             : platform_read(file, arena, error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(platform);
    platform->domain_count = 7;
    return defect_apply(platform, &defects, seed, arena, error);
}

static bool are(const struct platform *platform, const int64_t *chips, int64_t count)
{
    bool same = platform->dead_chip_count == count;
    for (int64_t i = 0; same && i < count; i++) {
        same = platform->dead_chips[i] == chips[i];
    }
    return same;
}

static void names(void)
{
    struct arena *arena = arena_create();
    struct error error;
    CU_ASSERT(are(machine(NULL, "u3.c1,u0.c2,u3.c1", 1, arena, &error), (int64_t[]){2, 13}, 2));
    CU_ASSERT(are(machine(NULL, "u6.c*", 1, arena, &error), (int64_t[]){24, 25, 26, 27}, 4));
    CU_ASSERT(are(machine(NULL, "none", 1, arena, &error), NULL, 0));
    CU_ASSERT(are(machine(NULL, "0", 1, arena, &error), NULL, 0));
    CU_ASSERT(dead_chips_among(machine(NULL, "u3.c1", 1, arena, &error), 10, 4));
    CU_ASSERT(!dead_chips_among(machine(NULL, "u3.c1", 1, arena, &error), 14, 14));
    arena_free(arena);
}

/* So many, each once, by seed. */
static void drawn(void)
{
    struct arena *arena = arena_create();
    struct error error;
    const struct platform *first = machine(NULL, "5", 1, arena, &error);
    const struct platform *again = machine(NULL, "5", 1, arena, &error);
    const struct platform *other = machine(NULL, "5", 2, arena, &error);
    const struct platform *all = machine(NULL, "28", 2, arena, &error);
    CU_ASSERT(first->dead_chip_count == 5 && are(again, first->dead_chips, 5));
    CU_ASSERT(other->dead_chip_count == 5 && !are(other, first->dead_chips, 5));
    CU_ASSERT(all->dead_chip_count == 28 && all->dead_chips[27] == 27);
    arena_free(arena);
}

/* A sled of Trainium3 leaves as one. Its direct links carry other sleds' bytes to the other
 * rack: these go round it, and nothing of it is on any way. */
static void a_sled(void)
{
    struct arena *arena = arena_create();
    struct error error;
    const struct platform *platform = machine(SOURCE_FOLDER "/platforms/trn3-ultraserver.xml",
                                              "u1.chip-20-2", 1, arena, &error);
    int64_t crossed = 0;
    CU_ASSERT(platform->dead_chip_count == 4);
    for (int64_t i = 0; i < 4; i++) {
        int64_t chip = platform->dead_chips[i];
        CU_ASSERT(chip / 144 == 1 && strstr(platform->chip_names[chip % 144], "-20-") != NULL);
    }
    for (int64_t from = 144; from < 288; from++) {
        for (int64_t to = 144; to < 288; to++) {
            struct fabric_path path;
            if (from == to || dead_chips_among(platform, from, 1) ||
                dead_chips_among(platform, to, 1)) {
                continue;
            }
            fabric_path(platform, from, to, &path);
            CU_ASSERT_FATAL(!path.cut && !path.scale_out);
            for (int32_t i = 0; i < path.link_count; i++) {
                crossed +=
                    strstr(fabric_link_name(platform, path.links[i], arena), "-20-") != NULL;
            }
        }
    }
    CU_ASSERT(crossed == 0);
    CU_ASSERT(platform->defect_count > 0);
    arena_free(arena);
}

/* A torus leaves whole; and where no way leads over a dead chip, no link is marked. */
static void whole_domains(void)
{
    struct arena *arena = arena_create();
    struct error error;
    const struct platform *torus = machine(SOURCE_FOLDER "/platforms/trn2-ultraserver.xml",
                                           "u2.chip-*-0", 1, arena, &error);
    CU_ASSERT(torus->dead_chip_count == 64 && torus->dead_chips[0] == 128);
    CU_ASSERT(torus->defect_count == 0 && torus->detours == NULL);
    const struct platform *star =
        machine(SOURCE_FOLDER "/platforms/gb200-nvl72.xml", "1", 1, arena, &error);
    CU_ASSERT(star->dead_chip_count == 4 && star->dead_chips[0] % 4 == 0);
    CU_ASSERT(star->defect_count == 0 && star->detours == NULL);
    arena_free(arena);
}

static bool refuses(const char *dead, const char *words)
{
    struct arena *arena = arena_create();
    struct error error;
    bool refused =
        machine(NULL, dead, 1, arena, &error) == NULL && strstr(error.message, words) != NULL;
    arena_free(arena);
    return refused;
}

static void refusals(void)
{
    CU_ASSERT(refuses("u0.c7", "there is no chip 'u0.c7' among the 7 boxs"));
    CU_ASSERT(refuses("u7.c0", "there is no chip 'u7.c0'"));
    CU_ASSERT(refuses("u0c0", "there is no chip"));
    CU_ASSERT(refuses("29", "expected a number of chips up to 28"));
    CU_ASSERT(refuses("-1", "dead_chips is '-1'"));
    CU_ASSERT(refuses("3x", "dead_chips is '3x'"));
}

void suite_dead_chips(void);

void suite_dead_chips(void)
{
    static const struct test tests[] = {
        {"by name", names},
        {"drawn by seed", drawn},
        {"a sled of Trainium3 and the ways round it", a_sled},
        {"a torus, and a star whose links nobody misses", whole_domains},
        {"what is no chip", refusals},
    };
    add_suite("dead_chips", tests, sizeof tests / sizeof tests[0]);
}
