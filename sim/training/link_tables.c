/* SPDX-License-Identifier: Apache-2.0 */
#include "training/link_tables.h"

#include <string.h>

#include "hardware/fabric.h"

static const struct column link_columns[] = {
    {"link", COLUMN_TEXT, "", "u2.rack-17_UP: domain 2, link and direction"},
    {"medium", COLUMN_TEXT, "", "kind of link"},
    {"capacity_Bps", COLUMN_F64, "B/s", "payload bandwidth"},
    {"bytes", COLUMN_F64, "B", "moved in the step"},
    {"busy_fraction", COLUMN_F64, "1", "bytes over what it could have moved in the step"},
    {"stands_for", COLUMN_I64, "1", "links that do the same; more than 1 in folded runs"},
};
static const struct column alike_columns[] = {
    {"link", COLUMN_TEXT, "", "of the first domain"},
    {"row", COLUMN_I64, "1", "of the table links, from 0: its numbers are this link's, too"},
};

enum {
    LINK_COLUMNS = sizeof link_columns / sizeof link_columns[0],
    ALIKE_COLUMNS = sizeof alike_columns / sizeof alike_columns[0]
};

struct table *link_tables_use(const struct job *job, const struct execution *execution,
                              struct arena *arena)
{
    struct table *table =
        table_create(arena, "links", "what each link moved", link_columns, LINK_COLUMNS);
    const struct wiring *wiring = &job->network.wiring;
    double *bytes = arena_array(arena, wiring->wire_count + 1, sizeof(double));
    for (int64_t p = 0; p < wiring->pair_count; p++) {
        const struct pair *pair = &wiring->pairs[p];
        for (int32_t c = pair->first; c < pair->first + pair->count; c++) {
            bytes[wiring->crossings[c].wire] +=
                execution->pair_bytes[p] * wiring->crossings[c].weight;
        }
    }
    for (int64_t w = 0; w < wiring->wire_count; w++) {
        int64_t link = job->network.wire_links[w];
        double scale = job->network.wire_scale != NULL ? job->network.wire_scale[w] : 1;
        double capacity_Bps = wiring->wires[w].capacity_Bps;
        union cell cells[] = {
            {.text = fabric_link_name(job->platform, link, arena)},
            {.text = fabric_link_medium(job->platform, link)},
            {.f64 = capacity_Bps * scale},
            {.f64 = bytes[w] * scale},
            {.f64 = bytes[w] / capacity_Bps / execution->time_s},
            {.i64 = job->network.wire_members != NULL ? job->network.wire_members[w] : 1}};
        memcpy(table_append(table), cells, sizeof cells);
    }
    return table;
}

struct table *link_tables_alike(const struct job *job, struct arena *arena)
{
    struct table *table =
        table_create(arena, "links/first_domain",
                     "the links of the first domain in a folded run, which names one of each "
                     "kind in the table links; empty where that names all",
                     alike_columns, ALIKE_COLUMNS);
    for (int64_t i = 0; i < job->network.alike_count; i++) {
        const struct alike *alike = &job->network.alike[i];
        union cell cells[] = {{.text = fabric_link_name(job->platform, alike->link, arena)},
                              {.i64 = alike->wire}};
        memcpy(table_append(table), cells, sizeof cells);
    }
    return table;
}
