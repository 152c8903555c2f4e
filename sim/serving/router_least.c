/* SPDX-License-Identifier: Apache-2.0 */
/* The replica with the fewest requests, waiting or running; the first of equals. */
#include "serving/router.h"

static int32_t pick(struct router *router, const struct request *request)
{
    (void)request;
    return router_least_loaded(router);
}

const struct router_policy router_least = {.name = "least-loaded", .pick = pick};
