/* SPDX-License-Identifier: Apache-2.0 */
/* A session's requests all go to one replica, chosen by a hash of the session, or the next that
 * is open; requests without a session go to the least loaded. */
#include "serving/router.h"

static int32_t pick(struct router *router, const struct request *request)
{
    if (request->session < 0) {
        return router_least_loaded(router);
    }
    uint64_t mixed = ((uint64_t)request->session + 1) * 0x9E3779B97F4A7C15u;
    return router_open_from(router, (int32_t)((mixed >> 32) % (uint64_t)router->count));
}

const struct router_policy router_session = {.name = "session", .pick = pick};
