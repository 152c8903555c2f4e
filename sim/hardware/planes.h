/* SPDX-License-Identifier: Apache-2.0 */
/* Planes: separate networks of equal rate between the NICs, over which every NIC sprays its
 * bytes equally. As long as all are whole they are one network of their summed rate; where one
 * has a defect its links are told apart. MODEL.md, "Planes". */
#pragma once

#include "hardware/platform.h"

enum { PLANES_MOST = 8 };

/* A plane is numbered from 1 here (and from 0 in names); 0 stands for all that have no defect
 * anywhere, which every flow loads alike. */
struct plane_split {
    int64_t marked[PLANES_MOST]; /* those with a defect */
    int64_t marked_count;
    double share[PLANES_MOST + 1]; /* of the healthy rate, on all links of a plane */
    int64_t unit;                  /* weights count shares of a flow in parts of 1 / unit */
    bool apart;                    /* two NICs may have no live plane in common: */
    const int64_t *parted; /* [parted_count] domains with NICs dead in a plane, sorted */
    int64_t parted_count;
    bool parted_all; /* or those of any, by trunks or planes that are dead */
};

/* Which links of a domain are split over planes: those on ways to or from the fabric alone that
 * flows share. [link_count] */
unsigned char *planes_find_links(const struct platform *platform, struct arena *arena);

/* From the defects of a platform, sorted, and the planes' shares (1 unless given); NULL when no
 * plane differs from another. */
const struct plane_split *planes_split(const struct platform *platform,
                                       const double share[PLANES_MOST + 1],
                                       struct arena *arena);

/* Whether NICs of the domain may have no live plane in common with others. */
bool planes_parted(const struct platform *platform, int64_t domain);

/* Whether a link (whole, or of a plane) is one of several. */
bool planes_splits(const struct platform *platform, int64_t link);

/* The same link in one plane, and the plane of a link. */
int64_t planes_link(const struct platform *platform, int64_t link, int64_t plane);
int64_t planes_of_link(const struct platform *platform, int64_t link);

/* The planes, as bits by number, that are whole enough on all of these links to carry bytes; 0:
 * none. */
uint32_t planes_live(const struct platform *platform, const int64_t *links, int64_t count);

/* How much of its rate a split link of a plane has when healthy: its planes over all. */
double planes_part(const struct platform *platform, int64_t plane);
