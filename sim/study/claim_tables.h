/* SPDX-License-Identifier: Apache-2.0 */
/* Judged claims as tables: one row a claim, a part, an input of a part, a piece of evidence. */
#pragma once

#include "record/table.h"
#include "study/claim.h"

enum { CLAIM_TABLE_COUNT = 4 };

void claim_tables(struct claim *const *claims, int64_t count,
                  struct table *tables[CLAIM_TABLE_COUNT], struct arena *arena);

/* The names in depends_on as one text, with ", " between. */
const char *claim_tables_depends(const struct claim *claim, struct arena *arena);
