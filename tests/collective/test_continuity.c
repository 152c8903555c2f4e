/* SPDX-License-Identifier: Apache-2.0 */
/* Times of collectives have no jumps: more bytes never take less time nor more than in
 * proportion, and one chip more changes the time by a bounded factor, whatever the number. */
#include <stdio.h>
#include <string.h>

#include "collective/collective.h"
#include "support/support.h"

static const char *const machines[] = {
    "hgx-a100", "hgx-h100", "hgx-b200",      "p5en",          "gb200-nvl72",
    "mi300x",   "tpu-v5e",  "trn1.32xlarge", "trn2.48xlarge", "trn3-ultraserver"};

/* Most that one chip more changes: a second NIC or the first whole server of Neuron's rings; on
 * a torus of TPUs a prime number of chips has nothing but one long ring. */
static double most(const char *machine)
{
    return strncmp(machine, "tpu", 3) == 0 ? 6 : 3;
}

enum { MACHINES = sizeof machines / sizeof machines[0], CHIPS_MAX = 40 };

static double time_s(struct platform *platform, enum collective_operation operation,
                     double bytes, int64_t count)
{
    int64_t chips[CHIPS_MAX + 1];
    struct error error = {.kind = ERROR_NONE};
    struct arena *arena = arena_create();
    struct schedule schedule = {.arena = arena};
    platform->domain_count = (count + platform->chip_count - 1) / platform->chip_count;
    for (int64_t i = 0; i < count; i++) {
        chips[i] = i;
    }
    struct collective collective = {operation, bytes, platform, chips, count};
    bool planned = collective_plan(&collective, "auto", &schedule, &error);
    CU_ASSERT_FATAL(planned);
    double result_s = collective_time_s(&collective, &schedule);
    arena_free(arena);
    return result_s;
}

static void test_bytes(void)
{
    static const int64_t counts[] = {2, 3, 7, 8, 12, 16};
    for (int m = 0; m < MACHINES; m++) {
        struct arena *arena = arena_create();
        struct error error = {0};
        struct platform *platform = platform_read(
            arena_format(arena, SOURCE_FOLDER "/platforms/%s.xml", machines[m]), arena, &error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(platform);
        for (int operation = 0; operation < COLLECTIVE_SEND_RECEIVE; operation++) {
            for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
                double before_s = 0, step = 2;
                for (double bytes = 512; bytes < 4e9; bytes *= step) {
                    double now_s = time_s(platform, (enum collective_operation)operation, bytes,
                                          counts[c]);
                    bool smooth = now_s >= before_s * (1 - 1e-9) &&
                                  (before_s <= 0 || now_s <= step * before_s * (1 + 1e-9));
                    if (!smooth) {
                        printf("%s %s n=%d bytes %g: %g to %g\n", machines[m],
                               collective_operation_name((enum collective_operation)operation),
                               (int)counts[c], bytes, before_s, now_s);
                    }
                    CU_ASSERT(smooth);
                    before_s = now_s;
                }
            }
        }
        arena_free(arena);
    }
}

static void test_group_size(void)
{
    static const double sizes[] = {1024, 1048576, 268435456};
    for (int m = 0; m < MACHINES; m++) {
        struct arena *arena = arena_create();
        struct error error = {0};
        struct platform *platform = platform_read(
            arena_format(arena, SOURCE_FOLDER "/platforms/%s.xml", machines[m]), arena, &error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(platform);
        for (int operation = 0; operation < COLLECTIVE_SEND_RECEIVE; operation++) {
            for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
                double before_s = 0;
                for (int64_t count = 2; count <= CHIPS_MAX; count++) {
                    double now_s =
                        time_s(platform, (enum collective_operation)operation, sizes[s], count);
                    bool leaves = (count - 1) % platform->chip_count == 0;
                    bool smooth = before_s <= 0 || leaves ||
                                  (now_s < most(machines[m]) * before_s &&
                                   now_s > before_s / most(machines[m]));
                    if (!smooth) {
                        printf("%s %s n=%d bytes %g: %g to %g\n", machines[m],
                               collective_operation_name((enum collective_operation)operation),
                               (int)count, sizes[s], before_s, now_s);
                    }
                    CU_ASSERT(smooth);
                    before_s = now_s;
                }
            }
        }
        arena_free(arena);
    }
}

void suite_continuity(void);

void suite_continuity(void)
{
    static const struct test tests[] = {
        {"no jumps over bytes", test_bytes},
        {"no jumps over group size", test_group_size},
    };
    add_suite("continuity", tests, sizeof tests / sizeof tests[0]);
}
