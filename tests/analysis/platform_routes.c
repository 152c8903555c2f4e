/* SPDX-License-Identifier: Apache-2.0 */
/* Loads a platform file with SimGrid alone and prints each route between its hosts:
 * source, destination, latency in seconds, links. test_platforms.py builds and runs it, so that
 * the files are known to be SimGrid's as well as ours. */
#include <simgrid/actor.h>
#include <simgrid/engine.h>
#include <simgrid/host.h>
#include <simgrid/link.h>
#include <stdio.h>
#include <stdlib.h>
#include <xbt/dynar.h>

static void print_route(sg_host_t from, sg_host_t to)
{
    xbt_dynar_t links = xbt_dynar_new(sizeof(sg_link_t), NULL);
    sg_host_get_route(from, to, links);
    printf("%s %s %.9g", sg_host_get_name(from), sg_host_get_name(to),
           sg_host_get_route_latency(from, to));
    for (unsigned i = 0; i < xbt_dynar_length(links); i++) {
        printf(" %s", sg_link_get_name(xbt_dynar_get_as(links, i, sg_link_t)));
    }
    printf("\n");
    xbt_dynar_free(&links);
}

/* Runs as an actor: routes exist only once the simulation has begun. */
static void print_routes(int argc, char *argv[])
{
    (void)argc;
    (void)argv;
    sg_host_t *hosts = sg_host_list();
    size_t count = sg_host_count();
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            if (i != j) {
                print_route(hosts[i], hosts[j]);
            }
        }
    }
    free(hosts);
}

int main(int argc, char *argv[])
{
    simgrid_init(&argc, argv);
    if (argc != 2) {
        return 2;
    }
    simgrid_load_platform(argv[1]);
    sg_host_t *hosts = sg_host_list();
    sg_actor_create("routes", hosts[0], print_routes, 0, NULL);
    free(hosts);
    simgrid_run();
    return 0;
}
