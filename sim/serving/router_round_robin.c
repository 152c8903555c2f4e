/* SPDX-License-Identifier: Apache-2.0 */
/* Each replica in turn. */
#include "serving/router.h"

static int32_t pick(struct router *router, const struct request *request)
{
    (void)request;
    int32_t replica = router_open_from(router, router->turn);
    router->turn = replica + 1 == router->count ? 0 : replica + 1;
    return replica;
}

const struct router_policy router_round_robin = {.name = "round-robin", .pick = pick};
