/* SPDX-License-Identifier: Apache-2.0 */
/* Which parts of a job do the same: colour refinement on domains, their NIC links and the
 * trunks between them. Domains with equal colours stay equal at every instant of the run, so
 * one of each colour is enough. MODEL.md, "Folding". */
#pragma once

#include "program/job.h"

enum { FOLD_TIERS = 8, FOLD_PHASES = 256 };

/* Leaves parts of the surroundings out of the colours: only for the test that then must fail.
 */
enum fold_blindness { FOLD_SEES_ALL, FOLD_BLIND_TO_LINKS, FOLD_BLIND_TO_GROUPS };

/* Whether a link is on a way out of a domain, into it, or both. */
enum fold_facing { FOLD_FACING_OUT = 1, FOLD_FACING_IN = 2 };

/* The colours of a job that is not planned yet (no exchanges). A link out of a domain or into
 * it has the colour of its side; a trunk that of its tier and group. */
struct fold {
    struct job *job;
    struct arena *arena;
    enum fold_blindness blindness;
    int64_t domain_count;
    uint64_t *inner, *out, *in;                  /* [domain] */
    uint64_t *up[FOLD_TIERS], *down[FOLD_TIERS]; /* [tier][group] */
    int64_t group_count[FOLD_TIERS];
    uint64_t *team_colour;         /* [team] */
    uint64_t *team_pattern;        /* [team]: places of its chips in their domains */
    unsigned char *team_whole;     /* [team]: all chips in one domain */
    uint64_t *group_colour;        /* [group]; 0: inside one domain */
    uint64_t *group_ways;          /* [group]: longest latencies of its exchanges */
    uint64_t *group_flows;         /* [group]: colours of its flows between domains */
    unsigned char *group_parallel; /* [group]: chip i of every team, all teams whole */
    bool mixed_nics;               /* ways inside a domain share links with NIC ways */
    bool equal_nics;               /* all chips are as far from the fabric */
    double *tier_latency_s;        /* [tier]: of ways that meet there; 0: not met yet */
    double most_latency_s;         /* of any way; INFINITY when not known beforehand */
    unsigned char *facing;         /* [link of a domain]: enum fold_facing, or 0 */
    unsigned char *up_binds[FOLD_TIERS], *down_binds[FOLD_TIERS]; /* [tier][group] */
    struct fold_use *uses;   /* [program x (slots + peers)] */
    unsigned char *by_turns; /* [group]: fold_turns.h */
    struct fold_port *ports; /* [domain x place] */
    int32_t *port_of;        /* [place]: place of its port */
    int32_t *port_of_link;   /* [link of a domain]: place of its port, + 1; 0: none */
    struct fold_turn *turns;
    int64_t turn_count, turn_capacity;
    struct number_table turns_seen;
    uint64_t turn_key; /* of the turn looked at last */
    int32_t turn;
    int64_t rounds; /* of refinement */
    int64_t visits; /* of flows between domains, in all of them */
    bool scattered; /* most domains are of a class of their own: given up, not stable */
};

/* The domain of a chip, and its place in it. */
int64_t fold_domain(const struct fold *fold, int64_t chip);
int64_t fold_place(const struct fold *fold, int64_t chip);

/* Whether ways between domains share links with ways inside this one. */
bool fold_mixed(const struct fold *fold, int64_t domain);

uint64_t fold_mix(uint64_t hash, uint64_t value);

/* Refines until stable or scattered. NULL and an error when an exchange cannot be planned. */
struct fold *fold_refine(struct job *job, enum fold_blindness blindness, struct arena *arena,
                         struct error *error);
