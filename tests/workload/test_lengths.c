/* SPDX-License-Identifier: Apache-2.0 */
/* Distributions of lengths as they are written. */
#include "workload/lengths.h"

#include <string.h>

#include "support/support.h"

static struct lengths read(const char *text, struct arena *arena)
{
    struct error error = {.kind = ERROR_NONE};
    struct lengths lengths = {0};
    CU_ASSERT_FATAL(lengths_read(text, &lengths, arena, &error));
    return lengths;
}

static void test_forms(void)
{
    struct arena *arena = arena_create();
    struct lengths fixed = read("1024", arena), range = read("10..19", arena);
    CU_ASSERT_EQUAL(lengths_at(&fixed, 0), 1024);
    CU_ASSERT_EQUAL(lengths_at(&fixed, 0.999), 1024);
    /* ten whole numbers, a tenth of the shares each */
    CU_ASSERT_EQUAL(lengths_at(&range, 0.05), 10);
    CU_ASSERT_EQUAL(lengths_at(&range, 0.15), 11);
    CU_ASSERT_EQUAL(lengths_at(&range, 0.95), 19);
    CU_ASSERT(near(lengths_mean(&range), 14.5, 1e-12));
    /* halves: 1 to 11 and 11 to 111; mean 0.5 x 6 + 0.5 x 61 */
    struct lengths bent = read("0:1 0.5:11 1:111", arena);
    CU_ASSERT_EQUAL(lengths_at(&bent, 0.25), 6);
    CU_ASSERT_EQUAL(lengths_at(&bent, 0.75), 61);
    CU_ASSERT(near(lengths_mean(&bent), 33.5, 1e-12));
    arena_free(arena);
}

static void test_wrong(void)
{
    static const char *const texts[] = {"",          "abc",       "0",         "5..3",
                                        "5..",       "1.5",       "0:1 1:2 x", "0:5 1:3",
                                        "0.1:1 1:2", "0:1 0.5:2", "-4"};
    struct arena *arena = arena_create();
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct error error = {.kind = ERROR_NONE};
        struct lengths lengths;
        CU_ASSERT_FALSE(lengths_read(texts[i], &lengths, arena, &error));
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "expected a length such as 1024"));
    }
    arena_free(arena);
}

void suite_lengths(void)
{
    static const struct test tests[] = {{"three forms", test_forms},
                                        {"wrong texts", test_wrong}};
    add_suite("lengths", tests, sizeof tests / sizeof tests[0]);
}
