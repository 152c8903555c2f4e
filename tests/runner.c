/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the CUnit suites: all, or those named on the command line. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <CUnit/Basic.h>

struct suite {
    const char *name;
    void (*add)(void);
};

#include "suites.inc"

static bool wanted(const char *name, int count, char **names)
{
    for (int i = 1; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return count < 2;
}

int main(int count, char **names)
{
    if (CU_initialize_registry() != CUE_SUCCESS) {
        return 2;
    }
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
        if (wanted(suites[i].name, count, names)) {
            suites[i].add();
        }
    }
    if (CU_get_registry()->uiNumberOfTests == 0) {
        fprintf(stderr, "no suite of that name\n");
        return 2;
    }
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}
