/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts that are not where their request runs: handed over, swapped, kept, and found in
 * tiers. */
#include "serving/context.h"

#include <stdio.h>
#include <string.h>

#include "serving/tier_table.h"
#include "support/serving_case.h"
#include "support/support.h"

static double column(const struct serving_case *made, int64_t row, const char *name)
{
    const struct table *rows = made->serving->outcome->rows;
    int c = table_find(rows, name);
    union cell found = rows->cells[row * rows->column_count + c];
    return rows->columns[c].type == COLUMN_I64 ? (double)found.i64 : found.f64;
}

/* A row of the table of tiers; the test ends when there is none. */
static const union cell *tier_row(const struct table *table, const char *tier)
{
    for (int64_t i = 0; i < table->row_count; i++) {
        const union cell *row = &table->cells[i * table->column_count];
        if (strcmp(row[TIERS_TIER].text, tier) == 0) {
            return row;
        }
    }
    CU_FAIL_FATAL("no such tier");
    return NULL;
}

/* Every prompt token that was not computed came from one place: the caches count what they had,
 * the tiers what was asked back, and the engine what has landed. */
static void check_tiers(const struct serving_case *made)
{
    const struct table *table = tier_table(made->serving, made->arena);
    int64_t tokens = 0, restores = 0;
    for (int64_t i = 0; i < table->row_count; i++) {
        const union cell *row = &table->cells[i * table->column_count];
        tokens += row[TIERS_HIT_TOKENS].i64;
        restores += row[TIERS_RESTORES].i64;
        CU_ASSERT(row[TIERS_PEAK].f64 <= row[TIERS_CAPACITY].f64);
        CU_ASSERT(row[TIERS_PEAK].f64 > 0 || row[TIERS_HIT_TOKENS].i64 == 0);
        CU_ASSERT((row[TIERS_RESTORED].f64 > 0) == (row[TIERS_RESTORES].i64 > 0));
        CU_ASSERT((row[TIERS_RESTORE_TIME].f64 > 0) == (row[TIERS_RESTORES].i64 > 0));
    }
    CU_ASSERT_EQUAL(tokens, serving_totals(made->serving).cached);
    CU_ASSERT(restores >= made->serving->restores);
}

/* One prompt of 4000 tokens: after its first token the keys and values pass the chips' links,
 * then comes a decode step over 4001 tokens. */
static void test_handover(void)
{
    struct serving_case made = serving_case_run(
        "requests=1 input_tokens=4000 output_tokens=2 prefill_replicas=1 kv_overlap=off "
        "max_num_batched_tokens=8192");
    struct serving *serving = made.serving;
    const struct pool *pool = &serving->pools[POOL_MAIN];
    double bytes = 4000 * pool->cost->kv_token_bytes;
    struct kv_end ends[2] = {{serving->platform, 0, 1}, {serving->platform, 1, 1}};
    struct transfer_way way = kv_ways_between(&serving->ways, &ends[0], &ends[1]);
    double moved_s = transfers_estimate_s(&serving->transfers, &way, bytes);
    struct step decode = {.decode_count = 1, .rows = 1, .decode_context = 4001};
    CU_ASSERT(near(serving->kv_moved_bytes, bytes, 1e-12));
    CU_ASSERT(moved_s > bytes / 450e9);
    CU_ASSERT(near(column(&made, 0, "tpot_s"), moved_s + step_cost_s(pool->cost, &decode, NULL),
                   1e-9));
    CU_ASSERT(near(serving->kv_wait_s, moved_s, 1e-9));
    serving_case_free(&made);
}

/* Layer by layer nearly all is there when the prompt is complete. */
static void test_overlap(void)
{
    static const char text[] =
        "requests=1 input_tokens=4000 output_tokens=2 prefill_replicas=1 "
        "max_num_batched_tokens=8192 ";
    char late[256];
    snprintf(late, sizeof late, "%skv_overlap=off", text);
    struct serving_case early = serving_case_run(text), whole = serving_case_run(late);
    double layers = (double)early.serving->scenario->model->layers;
    CU_ASSERT(near(early.serving->kv_moved_bytes, whole.serving->kv_moved_bytes, 1e-12));
    CU_ASSERT(early.serving->kv_wait_s < 2 * whole.serving->kv_wait_s / layers + 1e-4);
    serving_case_free(&early);
    serving_case_free(&whole);
}

/* Decode replicas with little room hold up the prefill replicas: prompts wait complete. */
static void test_back_pressure(void)
{
    struct serving_case made =
        serving_case_run("requests=200 arrivals=at-once prefill_replicas=1 kv_tokens=1000 "
                         "input_tokens=200 output_tokens=200 max_num_seqs=64");
    CU_ASSERT(made.served);
    CU_ASSERT(made.serving->kv_wait_s > 1);
    CU_ASSERT_EQUAL(made.serving->outcome->completed, 200);
    CU_ASSERT(serving_totals(made.serving).waiting_s[WAIT_BLOCKS] > 0);
    serving_case_free(&made);
}

/* Requests that lost their place come back from host memory: less is computed again. */
static void test_swap(void)
{
    static const char text[] = "requests=300 rate=60 output_tokens=50..300 kv_tokens=4000 ";
    char swap[256];
    snprintf(swap, sizeof swap, "%spreemption=swap", text);
    struct serving_case made = serving_case_run(swap), again = serving_case_run(text);
    CU_ASSERT(made.serving->swaps > 0);
    CU_ASSERT(made.serving->restores > 0);
    CU_ASSERT(made.serving->restores <= made.serving->swaps);
    CU_ASSERT(serving_totals(made.serving).recomputed <
              serving_totals(again.serving).recomputed / 2);
    const union cell *host = tier_row(tier_table(made.serving, made.arena), "host");
    CU_ASSERT_EQUAL(host[TIERS_RESTORES].i64, made.serving->restores);
    CU_ASSERT_EQUAL(host[TIERS_SAVES].i64, made.serving->swaps);
    CU_ASSERT_EQUAL(host[TIERS_HIT_TOKENS].i64, 0); /* what it moves is no prompt's prefix */
    CU_ASSERT(host[TIERS_RESTORED].f64 <= host[TIERS_SAVED].f64);
    CU_ASSERT_EQUAL(tier_table(again.serving, again.arena)->row_count, 1);
    serving_case_free(&made);
    serving_case_free(&again);
}

/* Of test_blocks(): all but the first of each prompt came back, each restore alone on its way.
 */
static void check_blocks(const struct serving_case *made, const char *tier)
{
    const struct pool *pool = &made->serving->pools[POOL_MAIN];
    const union cell *row = tier_row(tier_table(made->serving, made->arena), tier);
    double bytes = 2048 * pool->tiers.place.token_bytes;
    struct link_use crossings[TIER_CROSSINGS];
    struct transfer_way way =
        kv_tiers_way(&pool->tiers, 0, strcmp(tier, "host") == 0 ? KV_HOST : KV_SSD, crossings);
    double alone_s = transfers_estimate_s(&made->serving->transfers, &way, bytes);
    CU_ASSERT_EQUAL(row[TIERS_HIT_TOKENS].i64, 18 * 2047);
    CU_ASSERT_EQUAL(row[TIERS_HIT_BLOCKS].i64, 18 * 2048 / 16);
    CU_ASSERT_EQUAL(row[TIERS_RESTORES].i64, 18);
    CU_ASSERT(near(row[TIERS_RESTORED].f64, 18 * bytes, 1e-12));
    CU_ASSERT(near(row[TIERS_SAVED].f64, row[TIERS_RESTORED].f64, 0.1));
    CU_ASSERT(row[TIERS_RESTORE_TIME].f64 >= 18 * alone_s * (1 - 1e-9));
    CU_ASSERT(row[TIERS_RESTORE_TIME].f64 <= 36 * alone_s); /* beside what is written out */
}

/* Contexts that agents keep, in the cache and below: found again as a whole. */
static void test_kept(void)
{
    static const char *const places[] = {"hbm", "host"};
    for (int i = 0; i < 2; i++) {
        char text[512];
        snprintf(
            text, sizeof text,
            "requests=0 kv_tokens=400000 max_model_len=400000 max_num_seqs=64 arrivals=trace "
            "rate=0.05 trace=" SOURCE_FOLDER
            "/workloads/claims/agent-sessions.csv agents=stateful state_tier=%s",
            places[i]);
        struct serving_case made = serving_case_run(text);
        CU_ASSERT_FATAL(made.served);
        check_tiers(&made);
        CU_ASSERT(
            tier_row(tier_table(made.serving, made.arena), places[i])[TIERS_HIT_TOKENS].i64 >
            0);
        serving_case_free(&made);
    }
}

/* Two prompts of four blocks in turn, and room for one: without a tier below each is computed
 * every time; with one the blocks come back when that is sooner. */
static void test_blocks(void)
{
    static const char *const rows[] = {"\"hash_ids\": [1, 2, 3, 4]",
                                       "\"hash_ids\": [5, 6, 7, 8]"};
    char trace[4096] = "", text[1024];
    int used = 0;
    for (int i = 0; i < 20; i++) {
        used +=
            snprintf(trace + used, sizeof trace - (size_t)used,
                     "{\"timestamp\": %d, \"input_length\": 2048, \"output_length\": 2, %s}\n",
                     i * 10000, rows[i % 2]);
    }
    char path[512]; /* temporary_file() forgets its last name */
    snprintf(path, sizeof path, "%s", temporary_file(trace, ".jsonl"));
    static const char *const tiers[] = {"none", "host", "ssd,shared"};
    for (int i = 0; i < 3; i++) {
        snprintf(text, sizeof text,
                 "trace=%s requests=0 kv_tokens=2100 max_num_batched_tokens=4096 offload=%s",
                 path, tiers[i]);
        struct serving_case made = serving_case_run(text);
        struct engine_totals totals = serving_totals(made.serving);
        CU_ASSERT_EQUAL(totals.prefilled + totals.cached, 20 * 2048);
        if (i == 0) {
            CU_ASSERT_EQUAL(totals.cached, 0);
        } else {
            CU_ASSERT_EQUAL(totals.cached, 18 * 2047);
            CU_ASSERT_EQUAL(made.serving->restores, 18);
            check_blocks(&made, i == 1 ? "host" : "ssd");
        }
        check_tiers(&made);
        serving_case_free(&made);
    }
}

/* Conversations on two pools: what is computed of prompts, and where. */
static struct engine_totals talk(const char *more, int64_t *here, double *ttft_s)
{
    char text[512];
    snprintf(text, sizeof text,
             "requests=120 turns=6 output_tokens=20 think=1 rate=0.3 prefill_replicas=1 %s",
             more);
    struct serving_case made = serving_case_run(text);
    struct engine_totals totals = serving_totals(made.serving);
    CU_ASSERT_FATAL(made.served);
    CU_ASSERT_EQUAL(totals.prefilled + totals.cached, made.serving->outcome->asked_input);
    check_tiers(&made);
    *here = made.serving->pools[POOL_MAIN].engine.totals.prefilled;
    *ttft_s = histogram_mean(&made.serving->outcome->ttft_s);
    serving_case_free(&made);
    return totals;
}

/* 100 short questions about long contexts are prefilled where those lie, unless a slow store
 * keeps them; long ones about short contexts where prompts are prefilled fast. */
static void test_kept_apart(void)
{
    static const struct {
        const char *tier;
        int64_t here;
    } cases[] = {{"hbm", 100 * 50}, {"host", 100 * 50}, {"shared", 0}};
    int64_t here;
    double without_s, with_s;
    talk("input_tokens=3000 turn_tokens=50 agents=stateless", &here, &without_s);
    CU_ASSERT_EQUAL(here, 0);
    for (int i = 0; i < 3; i++) {
        char text[256];
        snprintf(text, sizeof text,
                 "input_tokens=3000 turn_tokens=50 agents=stateful state_tier=%s",
                 cases[i].tier);
        struct engine_totals kept = talk(text, &here, &with_s);
        CU_ASSERT_EQUAL(here, cases[i].here);
        CU_ASSERT(cases[i].here > 0 ? kept.cached > 100 * 3000 && with_s < without_s / 2
                                    : kept.cached == 0 && near(with_s, without_s, 1e-12));
    }
    struct engine_totals fresh = talk("input_tokens=20 turn_tokens=1500 agents=stateful "
                                      "prefill_tensor_parallel=4 output_tokens=2",
                                      &here, &with_s);
    CU_ASSERT(here < fresh.prefilled / 2);
}

/* 600 prompts are handed over at once: each transfer that begins moves the ends of all others,
 * and ends that moved are no live-lock. */
static void test_many_at_once(void)
{
    struct serving_case made = serving_case_run(
        "requests=600 arrivals=at-once input_tokens=64 output_tokens=4 prefill_replicas=1 "
        "kv_overlap=off max_num_batched_tokens=65536 max_num_seqs=1000 kv_tokens=200000");
    CU_ASSERT_FATAL(made.served);
    CU_ASSERT_EQUAL(made.serving->outcome->completed, 600);
    serving_case_free(&made);
}

/* Prefill replicas have a plan of their own; unsaid, as much of the other's as they have chips
 * for. */
static void test_prefill_plan(void)
{
    static const char *const said[] = {"", "prefill_attention_data_parallel=1"};
    for (int i = 0; i < 2; i++) {
        char text[256];
        snprintf(text, sizeof text,
                 "requests=9 output_tokens=4 prefill_replicas=1 tensor_parallel=4 "
                 "attention_data_parallel=4 prefill_tensor_parallel=2 %s",
                 said[i]);
        struct serving_case made = serving_case_run(text);
        CU_ASSERT_FATAL(made.served);
        const struct serving_scenario *prefill = &made.serving->pools[POOL_PREFILL].scenario;
        CU_ASSERT_EQUAL(prefill->attention_data_parallel, i == 0 ? 2 : 1);
        CU_ASSERT_EQUAL(made.serving->pools[POOL_MAIN].scenario.attention_data_parallel, 4);
        serving_case_free(&made);
    }
}

static void test_refused(void)
{
    struct serving_case made = serving_case_run("offload=tape");
    CU_ASSERT(!made.served);
    CU_ASSERT_PTR_NOT_NULL(strstr(made.error.message, "'tape'"));
    serving_case_free(&made);
    made = serving_case_run("prefill_replicas=1 policy=static");
    CU_ASSERT_PTR_NOT_NULL(strstr(made.error.message, "static"));
    serving_case_free(&made);
}

void suite_context(void)
{
    static const struct test tests[] = {
        {"handed over", test_handover},
        {"layer by layer", test_overlap},
        {"back-pressure", test_back_pressure},
        {"swapped", test_swap},
        {"prompt blocks in tiers", test_blocks},
        {"kept by agents", test_kept},
        {"kept on decode replicas", test_kept_apart},
        {"many at once", test_many_at_once},
        {"a plan of its own", test_prefill_plan},
        {"refused", test_refused},
    };
    add_suite("context", tests, sizeof tests / sizeof tests[0]);
}
