/* SPDX-License-Identifier: Apache-2.0 */
/* The claims that come with the program, with prices of other dates; and those that nothing
 * unknown decides. */
#define _POSIX_C_SOURCE 200809L /* strdup */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/shipped_claims.h"
#include "support/support.h"

static const char folder[] = SOURCE_FOLDER "/workloads/claims/";

static void take_books_of(struct claim_text *text, const char *date)
{
    char path[512];
    snprintf(path, sizeof path, SOURCE_FOLDER "/platforms/prices/aws-%s.yaml", date);
    for (unsigned i = 0; i < text->prices_count; i++) {
        struct claim_price_text *price = &text->prices[i];
        if (strstr(price->book, "aws-2026-10.yaml") != NULL) {
            free(price->book);
            price->book = strdup(path);
        }
    }
}

/* The verdict of one part of the claim, with the books of October 2026 of another date. */
static enum claim_verdict verdict_at(const char *id, const char *part, const char *date)
{
    struct shipped one = {.arena = arena_create()};
    struct claim_options options = shipped_options(NULL, false);
    struct claim_text *text =
        shipped_take(&one, arena_format(one.arena, "%s%s.yaml", folder, id))->text;
    unsigned wanted = 0;
    for (unsigned i = 0; i < text->parts_count; i++) {
        wanted = strcmp(text->parts[i].name, part) == 0 ? i : wanted;
    }
    CU_ASSERT_STRING_EQUAL(text->parts[wanted].name, part);
    struct claim_part_text first = text->parts[0];
    text->parts[0] = text->parts[wanted];
    text->parts[wanted] = first;
    text->parts_count = 1;
    shipped_trim(text);
    take_books_of(text, date);
    shipped_judge(&one, &options);
    enum claim_verdict verdict = one.list[0]->verdict;
    shipped_release(&one);
    return verdict;
}

static void the_date_of_prices_changes_verdicts(void)
{
    static const char training[] = "Trainium2 against H200, rented in October 2026, BF16";
    CU_ASSERT(verdict_at("trn3-cost-30-40", training, "2024-12") == CLAIM_DEPENDS);
    CU_ASSERT(verdict_at("trn3-cost-30-40", training, "2025-06") == CLAIM_CONTRADICTED);
    CU_ASSERT(verdict_at("trn3-cost-30-40", training, "2026-10") == CLAIM_REPRODUCED);
    static const char served[] =
        "conversations on Trainium2 against H200, rented in October 2026, BF16";
    CU_ASSERT(verdict_at("trn3-cost-30-40", served, "2025-06") == CLAIM_CONTRADICTED);
    CU_ASSERT(verdict_at("trn3-cost-30-40", served, "2026-10") == CLAIM_REPRODUCED);
    static const char job[] = "training Llama 3 70B, October 2026";
    CU_ASSERT(verdict_at("trn2-price-perf-30-40", job, "2025-06") == CLAIM_DEPENDS);
    CU_ASSERT(verdict_at("trn2-price-perf-30-40", job, "2026-10") == CLAIM_REPRODUCED);
}

/* Peaks and counts that are published decide these, whatever else is unknown. */
static void claims_without_unknowns_are_decided(void)
{
    static const struct {
        const char *id;
        enum claim_verdict verdict;
        double figure;
    } decided[] = {{"trn3-144-chips", CLAIM_REPRODUCED, 144},
                   {"trn3-4x-performance", CLAIM_REPRODUCED, 144 * 2.517 / (64 * 1.299)},
                   {"trn3-bandwidth", CLAIM_CONTRADICTED, 144 * 4.9 / (64 * 2.9)}};
    for (size_t i = 0; i < sizeof decided / sizeof decided[0]; i++) {
        struct shipped one = {.arena = arena_create()};
        struct claim_options options = shipped_options(NULL, false);
        struct claim *claim =
            shipped_take(&one, arena_format(one.arena, "%s%s.yaml", folder, decided[i].id));
        shipped_trim(claim->text);
        CU_ASSERT(claim->text->runs_count == 0);
        shipped_judge(&one, &options);
        CU_ASSERT(claim->verdict == decided[i].verdict && claim->depends_count == 0);
        CU_ASSERT(near(claim->parts[0].value, decided[i].figure, 1e-9));
        shipped_release(&one);
    }
}

void suite_claim_dates(void)
{
    static const struct test tests[] = {
        {"the date of prices changes verdicts", the_date_of_prices_changes_verdicts},
        {"claims without unknowns are decided", claims_without_unknowns_are_decided},
    };
    add_suite("claim_dates", tests, (int)(sizeof tests / sizeof tests[0]));
}
