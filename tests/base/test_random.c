/* SPDX-License-Identifier: Apache-2.0 */
/* Random streams: equal for equal seed and name, independent else, with the right moments. */
#include <math.h>

#include "base/random.h"
#include "support/support.h"

enum { DRAWS = 200000 };

/* The published generator from the state 1, 2, 3, 4: result = rotl(s1 * 5, 7) * 9.
 * First: 2 * 5 = 10, rotl 7 = 1280, * 9 = 11520. Then s2 = 3 ^ 1 = 2, s3 = 4 ^ 2 = 6,
 * s1 = 2 ^ s2 = 0, s0 = 1 ^ s3 = 7, s2 ^= 2 << 17 = 262146, s3 = rotl(6, 45).
 * Second: 0 * 5 = 0 gives 0. Third: s1 = 0 ^ (262146 ^ 7) = 262149; 262149 * 5 = 1310745,
 * << 7 = 167775360, * 9 = 1509978240. */
static void follows_the_published_generator(void)
{
    struct random_stream stream = {{1, 2, 3, 4}};
    CU_ASSERT_EQUAL(random_bits(&stream), 11520);
    CU_ASSERT_EQUAL(random_bits(&stream), 0);
    CU_ASSERT_EQUAL(random_bits(&stream), 1509978240);
}

static void seed_and_name_decide(void)
{
    struct random_stream a, b, other_name, other_seed;
    random_init(&a, 1, "faults");
    random_init(&b, 1, "faults");
    random_init(&other_name, 1, "arrivals");
    random_init(&other_seed, 2, "faults");
    for (int i = 0; i < 100; i++) {
        uint64_t bits = random_bits(&a);
        CU_ASSERT_EQUAL(bits, random_bits(&b));
        CU_ASSERT_NOT_EQUAL(bits, random_bits(&other_name));
        CU_ASSERT_NOT_EQUAL(bits, random_bits(&other_seed));
    }
}

/* Uniform: mean 1/2, variance 1/12; two streams: covariance 0. With 200 000 draws the standard
 * deviation of the mean is 0.29 / 447 = 0.00065; 5 of them are allowed. */
static void uniform_moments(void)
{
    struct random_stream a, b;
    double sum = 0, squares = 0, products = 0;
    random_init(&a, 7, "a");
    random_init(&b, 7, "b");
    for (int i = 0; i < DRAWS; i++) {
        double x = random_uniform(&a), y = random_uniform(&b);
        CU_ASSERT_TRUE_FATAL(x >= 0 && x < 1);
        sum += x;
        squares += x * x;
        products += (x - 0.5) * (y - 0.5);
    }
    CU_ASSERT_DOUBLE_EQUAL(sum / DRAWS, 0.5, 0.0033);
    CU_ASSERT_DOUBLE_EQUAL(squares / DRAWS, 1.0 / 3, 0.0034);
    CU_ASSERT_DOUBLE_EQUAL(products / DRAWS, 0, 0.001);
}

/* Each of 7 values is expected 200 000 / 7 = 28 571 times, standard deviation 156. */
static void below_is_even(void)
{
    struct random_stream stream;
    int counts[7] = {0};
    random_init(&stream, 3, "below");
    for (int i = 0; i < DRAWS; i++) {
        int64_t value = random_below(&stream, 7);
        CU_ASSERT_TRUE_FATAL(value >= 0 && value < 7);
        counts[value]++;
    }
    for (int i = 0; i < 7; i++) {
        CU_ASSERT_DOUBLE_EQUAL(counts[i], DRAWS / 7.0, 780);
    }
    CU_ASSERT_EQUAL(random_below(&stream, 1), 0);
    for (int i = 0; i < 1000; i++) {
        CU_ASSERT_TRUE(random_below(&stream, INT64_MAX) >= 0);
    }
}

/* Exponential of mean 3: deviation 3. Normal of mean 10 and deviation 2: second moment 104. */
static void exponential_and_normal_moments(void)
{
    struct random_stream stream;
    double waits = 0, sum = 0, squares = 0;
    random_init(&stream, 4, "moments");
    for (int i = 0; i < DRAWS; i++) {
        double wait = random_exponential(&stream, 3), x = random_normal(&stream, 10, 2);
        CU_ASSERT_TRUE_FATAL(wait >= 0 && isfinite(wait) && isfinite(x));
        waits += wait;
        sum += x;
        squares += (x - 10) * (x - 10);
    }
    CU_ASSERT_DOUBLE_EQUAL(waits / DRAWS, 3, 0.034);
    CU_ASSERT_DOUBLE_EQUAL(sum / DRAWS, 10, 0.023);
    CU_ASSERT_DOUBLE_EQUAL(squares / DRAWS, 4, 0.064);
}

void suite_random(void)
{
    static const struct test tests[] = {
        {"follows the published generator", follows_the_published_generator},
        {"seed and name decide", seed_and_name_decide},
        {"uniform moments and independence", uniform_moments},
        {"below is even", below_is_even},
        {"exponential and normal moments", exponential_and_normal_moments},
    };
    add_suite("random", tests, sizeof tests / sizeof tests[0]);
}
