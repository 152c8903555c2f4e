/* SPDX-License-Identifier: Apache-2.0 */
/* Errors: the first one is kept, the place is printed with the source line and a caret. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "support/support.h"

/* What error_print writes, by way of a temporary file in the place of stderr. */
static const char *printed(const struct error *error)
{
    static char text[4096];
    FILE *file = tmpfile();
    fflush(stderr);
    int before = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    error_print(error);
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    close(before);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static void first_cause_is_kept(void)
{
    struct error error = {0};
    CU_ASSERT_FALSE(error_fill(&error, ERROR_INPUT, "found %d, expected %s", 3, "4"));
    CU_ASSERT_FALSE(error_at(&error, ERROR_SYSTEM, "b", 1, 2, "second"));
    CU_ASSERT_EQUAL(error.kind, ERROR_INPUT);
    CU_ASSERT_STRING_EQUAL(error.message, "found 3, expected 4");
    CU_ASSERT_STRING_EQUAL(error.path, "");
}

static void long_messages_are_cut(void)
{
    struct error error = {0};
    error_at(&error, ERROR_INPUT, "p", 0, 0, "%02000d", 7);
    CU_ASSERT_EQUAL(strlen(error.message), sizeof error.message - 1);
}

static void every_kind_has_status_and_meaning(void)
{
    static const int expected[] = {0, 1, 2, 3, 4, 5, 130};
    for (int kind = 0; kind < ERROR_KIND_COUNT; kind++) {
        CU_ASSERT_EQUAL(error_exit_status((enum error_kind)kind), expected[kind]);
        CU_ASSERT_TRUE(strlen(error_meaning((enum error_kind)kind)) > 3);
    }
}

static void prints_without_a_place(void)
{
    struct error error = {0};
    error_fill(&error, ERROR_USAGE, "no such command");
    CU_ASSERT_STRING_EQUAL(printed(&error), "trnsim: no such command\n");
    struct error in_file = {0};
    error_at(&in_file, ERROR_INPUT, "a.xml", 0, 0, "is empty");
    CU_ASSERT_STRING_EQUAL(printed(&in_file), "trnsim: a.xml: is empty\n");
}

static void prints_the_line_with_a_caret(void)
{
    char expected[600];
    struct error error = {0};
    const char *path = temporary_file("kind: training\n\tbatch: 7x\n", ".yaml");
    error_at(&error, ERROR_INPUT, path, 2, 9, "'7x' is no number");
    snprintf(expected, sizeof expected,
             "trnsim: %s:2:9: '7x' is no number\n     batch: 7x\n            ^\n", path);
    CU_ASSERT_STRING_EQUAL(printed(&error), expected);
}

/* The two bytes of an o with two dots take one column on the screen. */
static void caret_counts_letters(void)
{
    struct error error = {0};
    error_at(&error, ERROR_INPUT, temporary_file("n\xC3\xB6: 1", ".yaml"), 1, 6, "wrong");
    CU_ASSERT_PTR_NOT_NULL(strstr(printed(&error), "    n\xC3\xB6: 1\n        ^\n"));
}

/* One line of 5000 bytes: the window starts 60 before the column and shows 96. */
static void long_lines_are_cut(void)
{
    char line[5001];
    memset(line, 'a', 5000);
    line[5000] = '\0';
    line[3999] = 'X';
    struct error error = {0};
    error_at(&error, ERROR_INPUT, temporary_file(line, ".json"), 1, 4000, "wrong");
    const char *source = strchr(printed(&error), '\n') + 1;
    CU_ASSERT_EQUAL(strcspn(source, "\n"), 4 + 96);
    const char *caret = strchr(source, '\n') + 1;
    CU_ASSERT_EQUAL(source[strcspn(caret, "^")], 'X');
}

static void missing_lines_are_left_out(void)
{
    struct error error = {0};
    error_at(&error, ERROR_INPUT, temporary_file("one\n", ".yaml"), 9, 3, "wrong");
    CU_ASSERT_PTR_NULL(strchr(printed(&error), '^'));
    struct error gone = {0};
    error_at(&gone, ERROR_INPUT, "no/such/file", 1, 1, "wrong");
    CU_ASSERT_STRING_EQUAL(printed(&gone), "trnsim: no/such/file:1:1: wrong\n");
    struct error device = {0};
    error_at(&device, ERROR_INPUT, "/dev/zero", 1, 1, "wrong"); /* would never end */
    CU_ASSERT_PTR_NULL(strchr(printed(&device), '^'));
}

static void control_characters_are_not_printed(void)
{
    struct error error = {0};
    error_fill(&error, ERROR_INPUT, "found '\x1b[31m\n'");
    CU_ASSERT_STRING_EQUAL(printed(&error), "trnsim: found '?[31m?'\n");
}

void suite_error(void)
{
    static const struct test tests[] = {
        {"the first cause is kept", first_cause_is_kept},
        {"long messages are cut", long_messages_are_cut},
        {"every kind has a status and a meaning", every_kind_has_status_and_meaning},
        {"prints without a place", prints_without_a_place},
        {"prints the line with a caret", prints_the_line_with_a_caret},
        {"the caret counts letters, not bytes", caret_counts_letters},
        {"long lines are cut to a window", long_lines_are_cut},
        {"missing lines are left out", missing_lines_are_left_out},
        {"control characters are not printed", control_characters_are_not_printed},
    };
    add_suite("error", tests, sizeof tests / sizeof tests[0]);
}
