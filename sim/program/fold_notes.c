/* SPDX-License-Identifier: Apache-2.0 */
/* A note names the first member of the class, how many it has, and what makes them equal. */
#include "program/fold_notes.h"

#include "hardware/fabric.h"

static const char *wire_note(const struct network *network, int64_t wire, struct arena *arena)
{
    const char *name = fabric_link_name(network->platform, network->wire_links[wire], arena);
    double scale = network->wire_scale == NULL ? 1 : network->wire_scale[wire];
    return arena_format(arena,
                        "%s: the first of %lld links of equal rate, crossed by equal flows in "
                        "equal numbers; rate and weights divided by %g",
                        name, (long long)network->wire_members[wire], scale);
}

static const char *pair_note(const struct network *network, int64_t index, struct arena *arena)
{
    const struct pair *pair = &network->wiring.pairs[index];
    long long from = (long long)network->chips[pair->from];
    long long to = (long long)network->chips[pair->to];
    if (network->pair_members[index] == 0) {
        return arena_format(arena, "chip %lld to chip %lld, inside the first domain of a class",
                            from, to);
    }
    return arena_format(arena,
                        "chip %lld to chip %lld: the first of %lld flows of one exchange, with "
                        "equal bytes over links of equal classes",
                        from, to, (long long)network->pair_members[index]);
}

void fold_notes(struct job *quotient)
{
    struct wiring *wiring = &quotient->network.wiring;
    for (int64_t w = 0; w < wiring->wire_count; w++) {
        wiring->wires[w].idle = false; /* a reader wants to see them too */
        wiring->wires[w].note = wire_note(&quotient->network, w, quotient->arena);
    }
    for (int64_t p = 0; p < wiring->pair_count; p++) {
        wiring->pairs[p].note = pair_note(&quotient->network, p, quotient->arena);
    }
}
