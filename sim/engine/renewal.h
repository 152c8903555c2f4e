/* SPDX-License-Identifier: Apache-2.0 */
/* Ending SimGrid, so that a process can simulate again. docs/decisions/0008. */
#pragma once

#include <stdbool.h>

/* Starts SimGrid with the arguments of a program. */
void renewal_begin(int *count, char **arguments);

/* Ends it. False when this SimGrid cannot be ended: then one simulation is all that the process
 * can do. */
bool renewal_end(void);
