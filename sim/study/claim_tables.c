/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of judged claims, put into columns. */
#include "study/claim_tables.h"

static const struct column claim_columns[] = {
    {"id", COLUMN_TEXT, "", "name of the claim's file"},
    {"verdict", COLUMN_TEXT, "", "reproduced, contradicted, depends or not decidable"},
    {"figure", COLUMN_F64, "1", "of the first part, in its own unit"},
    {"unit", COLUMN_TEXT, "", "of the figure"},
    {"low", COLUMN_F64, "1", "the figure with each input at the end that lowers it"},
    {"high", COLUMN_F64, "1", "the same, raised"},
    {"depends_on", COLUMN_TEXT, "", "inputs that decide the verdict"},
    {"statement", COLUMN_TEXT, "", "what was claimed"},
    {"source", COLUMN_TEXT, "", "by whom, where"},
    {"date", COLUMN_TEXT, "", "when"},
    {"weakest_assumption", COLUMN_TEXT, "", "what the verdict rests on and is known least"},
};
static const struct column part_columns[] = {
    {"id", COLUMN_TEXT, "", "claim"},
    {"part", COLUMN_TEXT, "", "which figure"},
    {"verdict", COLUMN_TEXT, "", "on this part alone"},
    {"figure", COLUMN_F64, "1", "in its own unit"},
    {"unit", COLUMN_TEXT, "", "of the figure and its bounds"},
    {"low", COLUMN_F64, "1", "with each input at the end that lowers it"},
    {"high", COLUMN_F64, "1", "the same, raised"},
    {"least", COLUMN_F64, "1", "claimed at least; -inf: open"},
    {"most", COLUMN_F64, "1", "claimed at most; inf: open"},
};
static const struct column input_columns[] = {
    {"id", COLUMN_TEXT, "", "claim"},
    {"part", COLUMN_TEXT, "", "which figure"},
    {"input", COLUMN_TEXT, "", "what is moved, all else at its value"},
    {"value", COLUMN_F64, "1", "of the input, SI"},
    {"low", COLUMN_F64, "1", "lowest value of the input"},
    {"high", COLUMN_F64, "1", "highest value of the input"},
    {"figure_low", COLUMN_F64, "1", "the figure with the input at its lowest"},
    {"figure_high", COLUMN_F64, "1", "the figure with the input at its highest"},
    {"changes_verdict", COLUMN_I64, "1", "1: at one end the verdict is another"},
    {"threshold", COLUMN_F64, "1", "of the input, SI: where the verdict changes; nan: nowhere"},
    {"estimate", COLUMN_I64, "1", "1: the input is an estimate, not published"},
};
static const struct column evidence_columns[] = {
    {"id", COLUMN_TEXT, "", "claim"},
    {"evidence", COLUMN_TEXT, "", "a simulated step, or an input and its source"},
};

#define TABLE(arena, name, meaning, columns)                                                   \
    table_create(arena, name, meaning, columns, (int)(sizeof(columns) / sizeof((columns)[0])))

const char *claim_tables_depends(const struct claim *claim, struct arena *arena)
{
    const char *text = "";
    for (int64_t i = 0; i < claim->depends_count; i++) {
        text = arena_format(arena, "%s%s%s", text, i > 0 ? ", " : "", claim->depends_on[i]);
    }
    return text;
}

static void put_claim(const struct claim *claim, struct table *table, struct arena *arena)
{
    const struct claim_part *first = &claim->parts[0];
    union cell *row = table_append(table);
    row[0].text = claim->id;
    row[1].text = claim_verdict_name(claim->verdict);
    row[2].f64 = first->value;
    row[3].text = first->text->unit;
    row[4].f64 = first->low;
    row[5].f64 = first->high;
    row[6].text = claim_tables_depends(claim, arena);
    row[7].text = claim->text->statement;
    row[8].text = claim->text->source;
    row[9].text = claim->text->date;
    row[10].text = claim->text->weakest;
}

static void put_part(const struct claim *claim, const struct claim_part *part,
                     struct table *table)
{
    union cell *row = table_append(table);
    row[0].text = claim->id;
    row[1].text = part->text->name;
    row[2].text = claim_verdict_name(part->verdict);
    row[3].f64 = part->value;
    row[4].text = part->text->unit;
    row[5].f64 = part->low;
    row[6].f64 = part->high;
    row[7].f64 = part->least;
    row[8].f64 = part->most;
}

static void put_inputs(const struct claim *claim, const struct claim_part *part,
                       struct table *table)
{
    for (int64_t i = 0; i < part->swing_count; i++) {
        const struct claim_swing *swing = &part->swings[i];
        const struct claim_driver *driver = &claim->drivers[swing->driver];
        union cell *row = table_append(table);
        row[0].text = claim->id;
        row[1].text = part->text->name;
        row[2].text = driver->name;
        row[3].f64 = driver->value;
        row[4].f64 = driver->low;
        row[5].f64 = driver->high;
        row[6].f64 = swing->low;
        row[7].f64 = swing->high;
        row[8].i64 = swing->changes;
        row[9].f64 = swing->threshold;
        row[10].i64 = driver->estimate;
    }
}

void claim_tables(struct claim *const *claims, int64_t count,
                  struct table *tables[CLAIM_TABLE_COUNT], struct arena *arena)
{
    tables[0] = TABLE(arena, "claims", "published claims and verdicts", claim_columns);
    tables[1] = TABLE(arena, "claims/parts", "the figures of each claim", part_columns);
    tables[2] =
        TABLE(arena, "claims/inputs", "what moves each figure, most first", input_columns);
    tables[3] =
        TABLE(arena, "claims/evidence", "what the figures are made of", evidence_columns);
    for (int64_t i = 0; i < count; i++) {
        const struct claim *claim = claims[i];
        put_claim(claim, tables[0], arena);
        for (unsigned p = 0; p < claim->text->parts_count; p++) {
            put_part(claim, &claim->parts[p], tables[1]);
            put_inputs(claim, &claim->parts[p], tables[2]);
        }
        for (int64_t e = 0; e < claim->evidence_count; e++) {
            union cell *row = table_append(tables[3]);
            row[0].text = claim->id;
            row[1].text = claim->evidence[e];
        }
    }
}
