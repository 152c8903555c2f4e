/* SPDX-License-Identifier: Apache-2.0 */
/* Judged claims for people, for programs and as docs/CLAIMS.md. */
#pragma once

#include "base/error.h"
#include "study/claim.h"

void reproduce_print(struct claim *const *claims, int64_t count);
void reproduce_print_markdown(struct claim *const *claims, int64_t count);
bool reproduce_print_json(struct claim *const *claims, int64_t count, struct error *error);
