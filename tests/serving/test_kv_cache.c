/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks by hand, and random use against a plain list. */
#include "serving/kv_cache.h"

#include "base/random.h"
#include "support/support.h"

/* 10 blocks: two prompts share id 1 (4 blocks); what is released stays until room is needed. */
static void test_sharing(void)
{
    struct arena *arena = arena_create();
    struct kv_cache cache;
    kv_cache_init(&cache, 10, arena);
    CU_ASSERT_EQUAL(kv_cache_hold_cost(&cache, 1, 4), 4);
    kv_cache_hold(&cache, 1, 4);
    CU_ASSERT_EQUAL(kv_cache_hold_cost(&cache, 1, 4), 0);
    kv_cache_hold(&cache, 1, 4);
    kv_cache_hold(&cache, 2, 3);
    CU_ASSERT_EQUAL(kv_cache_used(&cache), 7);
    kv_cache_release(&cache, 2);
    kv_cache_release(&cache, 1);
    CU_ASSERT_EQUAL(kv_cache_used(&cache), 4);
    CU_ASSERT_EQUAL(kv_cache_available(&cache), 6);
    CU_ASSERT_TRUE(kv_cache_has(&cache, 2));
    kv_cache_take(&cache, 3); /* the free ones */
    CU_ASSERT_TRUE(kv_cache_has(&cache, 2));
    kv_cache_take(&cache, 1); /* evicts id 2 */
    CU_ASSERT_FALSE(kv_cache_has(&cache, 2));
    CU_ASSERT_EQUAL(cache.evicted_count, 3);
    CU_ASSERT_EQUAL(kv_cache_available(&cache), 2);
    kv_cache_give(&cache, 4);
    kv_cache_release(&cache, 1);
    CU_ASSERT_EQUAL(kv_cache_used(&cache), 0);
    CU_ASSERT_EQUAL(cache.taken_count - cache.given_count, 4); /* id 1 is still stored */
    arena_free(arena);
}

/* Ids released earlier are evicted earlier. */
static void test_order(void)
{
    struct arena *arena = arena_create();
    struct kv_cache cache;
    kv_cache_init(&cache, 3, arena);
    for (int64_t id = 1; id <= 3; id++) {
        kv_cache_hold(&cache, id, 1);
    }
    kv_cache_release(&cache, 2);
    kv_cache_release(&cache, 1);
    kv_cache_release(&cache, 3);
    kv_cache_take(&cache, 1);
    CU_ASSERT(!kv_cache_has(&cache, 2) && kv_cache_has(&cache, 1));
    kv_cache_hold(&cache, 1, 1); /* no longer among the unused */
    kv_cache_take(&cache, 1);
    CU_ASSERT(kv_cache_has(&cache, 1) && !kv_cache_has(&cache, 3));
    arena_free(arena);
}

enum { IDS = 200 };

/* 100,000 holds and releases of 200 ids: users, room and what is stored always agree. */
static void test_random(void)
{
    struct arena *arena = arena_create();
    struct random_stream stream;
    struct kv_cache cache;
    int users[IDS] = {0}, wrong = 0;
    int64_t used = 0;
    random_init(&stream, 3, "kv cache");
    kv_cache_init(&cache, 120, arena);
    for (int i = 0; i < 100000; i++) {
        int64_t id = random_below(&stream, IDS);
        if (users[id] > 0 && random_below(&stream, 2) == 0) {
            kv_cache_release(&cache, id);
            used -= --users[id] == 0 ? 2 : 0;
        } else if (kv_cache_hold_cost(&cache, id, 2) <= kv_cache_available(&cache)) {
            kv_cache_hold(&cache, id, 2);
            used += users[id]++ == 0 ? 2 : 0;
        }
        wrong += kv_cache_used(&cache) != used || (users[id] > 0 && !kv_cache_has(&cache, id));
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(cache.taken_count - cache.given_count, used + cache.unused_count);
    arena_free(arena);
}

void suite_kv_cache(void)
{
    static const struct test tests[] = {{"shared blocks", test_sharing},
                                        {"the longest unused go first", test_order},
                                        {"random use", test_random}};
    add_suite("kv_cache", tests, sizeof tests / sizeof tests[0]);
}
