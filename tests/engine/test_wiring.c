/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a network that SimGrid reads. */
#include "engine/wiring.h"

#include <string.h>

#include "support/support.h"

static int64_t occurrences(const char *text, const char *part)
{
    int64_t count = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) {
        count++;
    }
    return count;
}

/* Weight 3 is three entries, on a FATPIPE wire one; what is noted stands as a comment. */
static void test_weights_are_repetitions(void)
{
    struct arena *arena = arena_create();
    struct wiring wiring = {.arena = arena, .end_point_count = 4};
    CU_ASSERT_EQUAL(wiring_wire(&wiring, NULL, 1e9, false), 0);
    CU_ASSERT_EQUAL(wiring_wire(&wiring, NULL, 2.5e9, true), 1);
    wiring.wires[1].note = "a backbone";
    CU_ASSERT_EQUAL(wiring_pair(&wiring, 0, 3), 0);
    wiring_cross(&wiring, 0, 3);
    wiring_cross(&wiring, 1, 3);
    CU_ASSERT_EQUAL(wiring_pair(&wiring, 2, 1), 1);
    wiring_cross(&wiring, 0, 1);
    CU_ASSERT_EQUAL(wiring.pairs[0].count, 2);
    CU_ASSERT_EQUAL(wiring.pairs[1].first, 2);
    int64_t size;
    char *text = wiring_xml(&wiring, arena, &size);
    CU_ASSERT_EQUAL((size_t)size, strlen(text));
    CU_ASSERT_EQUAL(occurrences(text, "<host "), 4);
    CU_ASSERT_EQUAL(occurrences(text, "<link_ctn id=\"l0\"/>"), 4);
    CU_ASSERT_EQUAL(occurrences(text, "<link_ctn id=\"l1\"/>"), 1);
    CU_ASSERT_EQUAL(occurrences(text, "sharing_policy=\"FATPIPE\""), 1);
    CU_ASSERT_EQUAL(occurrences(text, "bandwidth=\"2500000000Bps\""), 1);
    CU_ASSERT_EQUAL(occurrences(text, "latency=\"0s\""), 2);
    CU_ASSERT_EQUAL(occurrences(text, "<!-- a backbone -->"), 1);
    CU_ASSERT_EQUAL(occurrences(text, "<bypassRoute src=\"h2\" dst=\"h1\">"), 1);
    arena_free(arena);
}

/* The room for the text is reckoned before it is written: many wires with long notes. */
static void test_long_texts_fit(void)
{
    struct arena *arena = arena_create();
    struct wiring wiring = {.arena = arena, .end_point_count = 1000};
    char note[300];
    memset(note, 'n', sizeof note - 1);
    note[sizeof note - 1] = '\0';
    for (int32_t i = 0; i < 1000; i++) {
        wiring_wire(&wiring, NULL, 1e11 / 3, false);
        wiring.wires[i].note = note;
        wiring_pair(&wiring, i, (i + 1) % 1000);
        wiring.pairs[i].note = note;
        wiring_cross(&wiring, i, 1 + i % 40);
    }
    int64_t size;
    char *text = wiring_xml(&wiring, arena, &size);
    CU_ASSERT_EQUAL((size_t)size, strlen(text));
    CU_ASSERT_STRING_EQUAL(text + size - strlen("</platform>\n"), "</platform>\n");
    arena_free(arena);
}

void suite_wiring(void)
{
    static const struct test tests[] = {
        {"weights are repetitions, notes are comments", test_weights_are_repetitions},
        {"long texts fit", test_long_texts_fit},
    };
    add_suite("wiring", tests, sizeof tests / sizeof tests[0]);
}
