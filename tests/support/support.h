/* SPDX-License-Identifier: Apache-2.0 */
/* What every suite needs: closeness of doubles, adding tests, children for engine suites (one
 * SimGrid engine per process), temporary files, the folder of outside data. */
#pragma once

#include <stdbool.h>

#include <CUnit/CUnit.h>

/* |a - b| <= tolerance * max(|a|, |b|); prints both when not. */
bool near(double a, double b, double tolerance);

struct test {
    const char *name;
    void (*run)(void);
};

/* Adds a suite of count tests. */
void add_suite(const char *name, const struct test *tests, int count);

/* Runs body(argument) in a child process that ends with its return value; true when that was 0.
 */
bool in_child(int (*body)(void *), void *argument);

/* Writes text to a fresh temporary file that ends in suffix (".xml") and returns its path,
 * valid until the next call; removed at exit. */
const char *temporary_file(const char *text, const char *suffix);

/* The path of name under $TRNSIM_DATA (default ../shared), or NULL when it is not there: the
 * test then says that it was skipped. */
const char *outside_data(const char *name);
