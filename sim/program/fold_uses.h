/* SPDX-License-Identifier: Apache-2.0 */
/* What programs send, and with whom. */
#pragma once

#include "program/fold.h"

/* The specs that a program uses with a slot or peer. */
struct fold_use {
    int32_t *specs;
    int64_t count, capacity;
};
const struct fold_use *fold_use(const struct fold *fold, int32_t program, int slot_or_peer);

/* Fills fold->uses. */
void fold_uses_find(struct fold *fold);
