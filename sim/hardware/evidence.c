/* SPDX-License-Identifier: Apache-2.0 */
#include "hardware/evidence.h"

#include <math.h>

static const char *const names[EVIDENCE_KIND_COUNT] = {
#define EVIDENCE_NAME(NAME, text) text,
    EVIDENCE_KINDS(EVIDENCE_NAME)
#undef EVIDENCE_NAME
};

static struct evidence of_chip(const struct platform *platform, const struct chip *chip,
                               enum evidence_kind kind, struct arena *arena)
{
    const char *name = arena_format(arena, "chip.%s.evidence_%s", chip->type, names[kind]);
    const struct property *property = platform_property(platform, name);
    if (property == NULL) {
        return (struct evidence){
            (double)NAN, (double)NAN,
            arena_format(arena, "none: the platform file has no property %s", name)};
    }
    return (struct evidence){fmin(property->low, 1), fmax(property->high, 1), property->source};
}

struct evidence evidence_of(const struct platform *platform, enum evidence_kind kind,
                            struct arena *arena)
{
    struct evidence all = of_chip(platform, &platform->chip_types[0], kind, arena);
    for (int64_t i = 1; i < platform->chip_type_count && isfinite(all.low); i++) {
        struct evidence next = of_chip(platform, &platform->chip_types[i], kind, arena);
        bool wider = !isfinite(next.low) || next.high / next.low > all.high / all.low;
        all.source = wider ? next.source : all.source;
        all.low = isfinite(next.low) ? fmin(all.low, next.low) : next.low;
        all.high = isfinite(next.high) ? fmax(all.high, next.high) : next.high;
    }
    return all;
}
