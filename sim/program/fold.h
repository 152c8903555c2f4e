/* SPDX-License-Identifier: Apache-2.0 */
/* Which parts of a job do the same: colour refinement on domains, their NIC links and the
 * trunks between them. Domains with equal colours stay equal at every instant of the run, so
 * one of each colour is enough. MODEL.md, "Folding". */
#pragma once

#include "program/job.h"

enum { FOLD_TIERS = 8, FOLD_PHASES = 256 };

/* For tests only: leaves parts of the surroundings out of the colours, so that a proof must
 * fail; or gives up after few flows, so that it must not. */
enum fold_blindness {
    FOLD_SEES_ALL,
    FOLD_BLIND_TO_LINKS,
    FOLD_BLIND_TO_GROUPS,
    FOLD_IMPATIENT
};

/* How many flows to look at before giving up. */
static inline int64_t fold_patience(enum fold_blindness blindness, int64_t most)
{
    return blindness == FOLD_IMPATIENT ? most / 50000 : most;
}

/* Whether a link is on a way out of a domain, into it, or both. */
enum fold_facing { FOLD_FACING_OUT = 1, FOLD_FACING_IN = 2 };

/* The colours of a job that is not planned yet (no exchanges). A link out of a domain or into
 * it has the colour of its side; a trunk that of its tier and group. */
struct fold {
    struct job *job;
    struct arena *arena;
    enum fold_blindness blindness;
    int64_t domain_count;
    uint64_t *inner;                             /* [domain] */
    uint64_t *out, *in;                          /* [way x domain]; fold_ports.h */
    int64_t way_count;                           /* told apart in each domain */
    uint64_t *up[FOLD_TIERS], *down[FOLD_TIERS]; /* [tier][group] */
    int64_t group_count[FOLD_TIERS];
    uint64_t *team_colour;         /* [team] */
    uint64_t *team_pattern;        /* [team]: places of its chips in their domains */
    unsigned char *team_whole;     /* [team]: all chips in one domain */
    uint64_t *group_colour;        /* [group]; 0: inside one domain */
    uint64_t *group_ways;          /* [group]: longest latencies of its exchanges */
    uint64_t *group_flows;         /* [group]: colours of its flows between domains */
    unsigned char *group_parallel; /* [group]: chip i of every team, all teams whole */
    unsigned char *group_plain;    /* [group]: all its ways are the first */
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
    int32_t *way_of;         /* [place]: which of the ways */
    int32_t *way_of_link;    /* [link of a domain]: likewise, of those that lead out or in */
    struct fold_turn *turns;
    int64_t turn_count, turn_capacity;
    struct number_table turns_seen;
    uint64_t turn_key; /* of the turn looked at last */
    int32_t turn;
    int64_t rounds;  /* of refinement */
    int64_t visits;  /* of flows between domains, in all of them */
    bool spread;     /* ways were told apart domain by domain, for want of an end */
    bool scattered;  /* most domains are of a class of their own: given up, not stable */
    int64_t classes; /* of domains */
};

/* The domain of a chip, and its place in it. */
int64_t fold_domain(const struct fold *fold, int64_t chip);
int64_t fold_place(const struct fold *fold, int64_t chip);

/* Whether ways between domains share links with ways inside this one. */
bool fold_mixed(const struct fold *fold, int64_t domain);

static inline uint64_t fold_mix(uint64_t hash, uint64_t value)
{
    hash ^= value + 0x9E3779B97F4A7C15u + (hash << 6) + (hash >> 2);
    hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9u;
    hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBu;
    return hash ^ (hash >> 31);
}

/* Refines until stable or scattered. NULL and an error when an exchange cannot be planned. */
struct fold *fold_refine(struct job *job, enum fold_blindness blindness, struct arena *arena,
                         struct error *error);
