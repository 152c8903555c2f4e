/* SPDX-License-Identifier: Apache-2.0 */
/* A claim file as libcyaml reads it: all values are texts. Each list of keys makes the struct
 * and the schema; workloads/claims/README.md says what they mean. X(key, optional) */
#pragma once

#define CLAIM_PLATFORM_KEYS(X) X(name, 0) X(file, 0)
#define CLAIM_RUN_KEYS(X)                                                                      \
    X(name, 0)                                                                                 \
    X(workload, 0) X(platform, 0) X(domains, 0) X(set, 1) X(vary, 1) X(find, 1)
#define CLAIM_PRICE_KEYS(X)  X(name, 0) X(book, 0) X(platform, 0) X(kind, 0)
#define CLAIM_NUMBER_KEYS(X) X(name, 0) X(value, 0) X(low, 1) X(high, 1) X(unit, 1) X(source, 0)
#define CLAIM_FAILURE_KEYS(X)                                                                  \
    X(cause, 0) X(count, 0) X(mean, 0) X(shape, 1) X(counted, 1) X(planned, 1)
#define CLAIM_GOODPUT_KEYS(X)                                                                  \
    X(name, 0)                                                                                 \
    X(duration, 0)                                                                             \
    X(stop, 0)                                                                                 \
    X(write, 1)                                                                                \
    X(interval, 1) X(detection, 0) X(restart, 0) X(repair, 1) X(spares, 1) X(runs, 1)
#define CLAIM_PART_KEYS(X)                                                                     \
    X(name, 0)                                                                                 \
    X(formula, 0)                                                                              \
    X(low, 1) X(high, 1) X(unit, 0) X(least, 1) X(most, 1) X(rule, 1) X(missing, 1)
#define CLAIM_TOP_KEYS(X)                                                                      \
    X(title, 0)                                                                                \
    X(statement, 0) X(source, 0) X(date, 0) X(parts_are, 1) X(differ_in, 1) X(weakest, 0)

#define CLAIM_MEMBER(key, optional) char *key;
struct claim_platform_text {
    CLAIM_PLATFORM_KEYS(CLAIM_MEMBER)
};
struct claim_run_text {
    CLAIM_RUN_KEYS(CLAIM_MEMBER)
};
struct claim_price_text {
    CLAIM_PRICE_KEYS(CLAIM_MEMBER)
};
struct claim_number_text {
    CLAIM_NUMBER_KEYS(CLAIM_MEMBER)
};
struct claim_failure_text {
    CLAIM_FAILURE_KEYS(CLAIM_MEMBER)
};
struct claim_goodput_text {
    CLAIM_GOODPUT_KEYS(CLAIM_MEMBER)
    struct claim_failure_text *failures;
    unsigned failures_count;
};
struct claim_part_text {
    CLAIM_PART_KEYS(CLAIM_MEMBER)
};
struct claim_text {
    CLAIM_TOP_KEYS(CLAIM_MEMBER)
    struct claim_platform_text *platforms;
    struct claim_run_text *runs;
    struct claim_price_text *prices;
    struct claim_number_text *numbers;
    struct claim_goodput_text *goodputs;
    struct claim_part_text *parts;
    unsigned platforms_count, runs_count, prices_count, numbers_count, goodputs_count,
        parts_count;
};
#undef CLAIM_MEMBER
