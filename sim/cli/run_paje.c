/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run_paje.h"

#include "engine/engine.h"

bool run_paje_open(const struct run_job *job, struct new_file *file, struct error *error)
{
    const char *path = job->request->paje;
    if (path == NULL) {
        return true;
    }
    if (job->scenario->kind == SCENARIO_SERVING) {
        return error_fill(
            error, ERROR_USAGE,
            "--paje: a served load has no links in SimGrid, its steps are priced; "
            "use --timeline");
    }
    if (!new_file_check(path, "trace", error) || !new_file_open(file, path, "trace", error)) {
        return false;
    }
    job->scenario->coalesce = false; /* what is slept through is no flow that SimGrid sees */
    engine_trace(new_file_temporary(file));
    return true;
}

bool run_paje_close(const struct run_job *job, struct new_file *file, struct error *error)
{
    return job->request->paje == NULL || new_file_close(file, error);
}
