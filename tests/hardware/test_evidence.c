/* SPDX-License-Identifier: Apache-2.0 */
/* The range of an answer: read from the platform file, or said to be missing. */
#include <math.h>
#include <string.h>

#include "hardware/evidence.h"
#include "support/support.h"

static struct platform machine(struct chip *chips, int64_t count, struct property *properties,
                               int64_t property_count)
{
    return (struct platform){.chip_types = chips,
                             .chip_type_count = count,
                             .properties = properties,
                             .property_count = property_count};
}

static void range_is_stated(void)
{
    struct arena *arena = arena_create();
    struct chip chip = {.type = "x"};
    struct property property = {.name = "chip.x.evidence_tokens",
                                .value = 1.1,
                                .low = 1.05,
                                .high = 1.4,
                                .source = "fit: 9 rows"};
    struct platform platform = machine(&chip, 1, &property, 1);
    struct evidence tokens = evidence_of(&platform, EVIDENCE_TOKENS, arena);
    CU_ASSERT(tokens.low == 1 && tokens.high == 1.4); /* the range holds the answer itself */
    CU_ASSERT(strcmp(tokens.source, "fit: 9 rows") == 0);
    struct evidence training = evidence_of(&platform, EVIDENCE_TRAINING, arena);
    CU_ASSERT(isnan(training.low) && isnan(training.high));
    CU_ASSERT(strstr(training.source, "chip.x.evidence_training") != NULL);
    arena_free(arena);
}

static void two_kinds_have_the_widest(void)
{
    struct arena *arena = arena_create();
    struct chip chips[] = {{.type = "x"}, {.type = "y"}};
    struct property properties[] = {
        {.name = "chip.x.evidence_experts", .low = 0.8, .high = 1.1, .source = "fit: narrow"},
        {.name = "chip.y.evidence_experts", .low = 0.9, .high = 2, .source = "derived: wide"}};
    struct platform platform = machine(chips, 2, properties, 2);
    struct evidence both = evidence_of(&platform, EVIDENCE_EXPERTS, arena);
    CU_ASSERT(both.low == 0.8 && both.high == 2);
    CU_ASSERT(strcmp(both.source, "derived: wide") == 0);
    platform.property_count = 1;
    CU_ASSERT(isnan(evidence_of(&platform, EVIDENCE_EXPERTS, arena).low));
    arena_free(arena);
}

void suite_evidence(void);

void suite_evidence(void)
{
    static const struct test tests[] = {
        {"the range is the file's, and holds the answer", range_is_stated},
        {"two kinds of chip have the widest", two_kinds_have_the_widest},
    };
    add_suite("evidence", tests, 2);
}
