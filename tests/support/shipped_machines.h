/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "study/machines.h"

/* The tables of workloads/measured; without them the test ends. */
struct machines *shipped_machines(struct arena *arena);
