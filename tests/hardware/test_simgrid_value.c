/* SPDX-License-Identifier: Apache-2.0 */
/* SimGrid's notation of bandwidth, time and speed. */
#include <string.h>

#include "hardware/simgrid_value.h"
#include "support/support.h"

static double bandwidth(const char *text)
{
    double value = -1;
    struct error error = {.kind = ERROR_NONE};
    return simgrid_value_bandwidth(text, &value, &error) ? value : -1;
}

static double time_of(const char *text)
{
    double value = -1;
    struct error error = {.kind = ERROR_NONE};
    return simgrid_value_time(text, &value, &error) ? value : -1;
}

static double speed(const char *text)
{
    double value = -1;
    struct error error = {.kind = ERROR_NONE};
    return simgrid_value_speed(text, &value, &error) ? value : -1;
}

static void test_bandwidth(void)
{
    CU_ASSERT(near(bandwidth("256GBps"), 256e9, 1e-15));
    CU_ASSERT(near(bandwidth("200Gbps"), 25e9, 1e-15)); /* bits */
    CU_ASSERT(near(bandwidth("8bps"), 1, 1e-15));
    CU_ASSERT(near(bandwidth("1.5e3MBps"), 1.5e9, 1e-15));
    CU_ASSERT(near(bandwidth("1GiBps"), 1073741824, 1e-15));
    CU_ASSERT(near(bandwidth("1Kibps"), 128, 1e-15));
    const char *const wrong[] = {"256",    "256GB",  "fast", "-1GBps",
                                 "1 GBps", "nanBps", "",     "bps"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CU_ASSERT(bandwidth(wrong[i]) < 0);
    }
}

static void test_time(void)
{
    CU_ASSERT(near(time_of("1us"), 1e-6, 1e-15));
    CU_ASSERT(near(time_of("565ns"), 565e-9, 1e-15));
    CU_ASSERT(near(time_of("0s"), 0, 0));
    CU_ASSERT(time_of("1") < 0 && time_of("1min") < 0 && time_of("1GBps") < 0);
}

static void test_speed(void)
{
    CU_ASSERT(near(speed("629Tf"), 629e12, 1e-15));
    CU_ASSERT(near(speed("629Tflops"), 629e12, 1e-15));
    CU_ASSERT(speed("629T") < 0 && speed("629") < 0);
    char many[200];
    memset(many, '1', sizeof many);
    strcpy(many + 190, "f");
    CU_ASSERT(speed(many) < 0);
}

void suite_simgrid_value(void);

void suite_simgrid_value(void)
{
    static const struct test tests[] = {
        {"bandwidth in bytes and bits", test_bandwidth},
        {"time", test_time},
        {"speed", test_speed},
    };
    add_suite("simgrid_value", tests, 3);
}
