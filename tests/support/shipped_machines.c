/* SPDX-License-Identifier: Apache-2.0 */
#include "support/shipped_machines.h"

#include "support/support.h"

struct machines *shipped_machines(struct arena *arena)
{
    struct error error = {0};
    struct machines *machines =
        machines_read(SOURCE_FOLDER "/workloads/measured", arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(machines);
    return machines;
}
