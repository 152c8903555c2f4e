/* SPDX-License-Identifier: Apache-2.0 */
/* The first pass over a YAML text: where each key stands. */
#pragma once

#include "workload/document.h"

/* Fills document->places from its text; false and an INPUT error as said at document_read. */
bool document_index(struct document *document, struct error *error);
