/* SPDX-License-Identifier: Apache-2.0 */
/* A machine as its SimGrid file shows it: the chips, links and routes of one scale-up domain
 * (UltraServer, NVL72 rack, 8-GPU server), and as properties its scale-out tiers, power and
 * sources. Read and checked by us (libexpat) before SimGrid sees anything.
 * Schema: platforms/README.md. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/units.h"
#include "hardware/chip.h"

struct property {
    const char *name, *text, *source; /* source is NULL when the file gives none */
    enum unit unit;
    double value;     /* SI; 0 for texts */
    double low, high; /* the range given beside it; both equal to value when there is none */
    int line;
};

/* A kind of link, such as "sled", "rack", "direct", "nic": the part of a link's id before '-'.
 */
struct medium {
    const char *name, *title;
    double raw_Bps, latency_s;  /* of a healthy link, per direction */
    double efficiency_fraction; /* payload over raw rate: protocol and library */
};

enum link_policy { LINK_SHARED, LINK_FATPIPE };

/* One direction of a physical link. */
struct link {
    const char *name;     /* "rack-17_UP"; as SimGrid names it */
    double raw_Bps;       /* as in the file */
    double bandwidth_Bps; /* raw_Bps times the medium's efficiency: what payload gets */
    double latency_s;
    int32_t medium;
    int32_t reverse; /* the other direction of a duplex link; itself when there is none */
    enum link_policy policy;
};

/* A tier of the scale-out network, from the bottom up. Domains are grouped by 'domains'; each
 * group (and rail) has one trunk to the tier above, of the summed NIC rate of its chips divided
 * by oversubscription. The last tier has no trunk: it joins all. */
struct tier {
    const char *name;
    int64_t domains;         /* scale-up domains in one group of this tier */
    int64_t rails;           /* separate switches by chip index modulo rails; 1: none */
    double oversubscription; /* 1: full rate upwards */
    double latency_s;        /* of one pass through a switch of this tier */
    double *rail_up_Bps;     /* [rails]: NICs of one domain; fabric_prepare() */
    double *rail_down_Bps;
};

/* One way in which the collective library moves bytes. MODEL.md, "Protocols". */
struct protocol {
    const char *name;
    double efficiency_fraction;      /* payload over what the links carry for it */
    double step_s, step_scale_out_s; /* software time of one step, beside the link latency */
    double slice_bytes, slice_scale_out_bytes; /* most that must have come in before a chip
                                                  passes it on; 0: nothing */
};

/* Where data lies outside the chips, a chip's share of it; Bps 0: the machine has none. */
struct storage {
    double bytes; /* 0: no bound */
    double Bps, latency_s;
    double total_Bps; /* of the whole store, to all chips; 0: no bound */
};

/* Mean time to failure of one of each kind of part; 0: not known, or there is none. */
struct reliability {
    double host_chips;  /* chips of a host */
    double taken_chips; /* that leave with a dead chip */
    double chip_s, host_s;
    double network_s;    /* of a chip's share of NICs, cables and switches */
    double software_s;   /* of a chip's share of what programs do wrong */
    double domain_s;     /* of what all chips of a domain need: power, coolant, switches */
    double common_share; /* of the failures of chips and hosts: with all of their rack */
    double rack_chips;
    double shape;  /* Weibull, of the gaps between failures of the fleet; 0: 1, exponential */
    double slow_s; /* until a chip becomes slow and nobody is told */
    double slow_speed; /* of the job then, as a share */
    double slow_notice_s;
};

/* A link of the machine that has only this share of its rate. */
struct link_defect {
    int64_t link; /* as in fabric.h */
    double factor;
};

struct platform {
    const char *name, *title; /* name: the zone's id, equal to the file's name */
    const char *path;
    const char *text; /* the file */
    size_t text_size;
    const char *domain_noun;   /* "UltraServer", "rack", "server" */
    int64_t domain_count;      /* how many of them; the file's default or the user's */
    int64_t chip_count;        /* chips per domain */
    const char **chip_names;   /* [chip_count], in the file's order: a ring of neighbours */
    const struct chip **chips; /* [chip_count], the type of each chip */
    struct chip *chip_types;
    int64_t chip_type_count;
    struct medium *media;
    int64_t media_count;
    struct link *links; /* directed; of one domain */
    int64_t link_count;
    int32_t *route_start; /* [(chip_count + 1)^2 + 1] into route_links; row and column
                             chip_count are the fabric (the NIC network) */
    int32_t *route_links;
    const char **router_names; /* [router_count], of one domain; "fabric" is among them */
    int64_t router_count;
    double *nic_up_Bps, *nic_down_Bps; /* [chip_count]: a chip's share of its way to and from
                                          the fabric when all chips use theirs; NULL: no NIC */
    struct tier *tiers;
    int64_t tier_count;                  /* 0: this machine has no scale-out network */
    int64_t planes;                      /* that it consists of: planes.h; 0 or 1: one */
    double collective_launch_s;          /* software cost of one collective */
    double collective_step_s;            /* of one step inside a domain, beside link latency */
    double collective_step_scale_out_s;  /* of one step over the NICs */
    double collective_host_s;            /* more when the host waits for each collective */
    double collective_own_copy_fraction; /* of the copy rate of a chip's memory: its own part of
                                            a gather or scatter; 0: costs nothing */
    double collective_pair_copy_fraction;  /* of that rate: buffers of an all-to-all */
    const char *collective_pair_protocols; /* of all-to-all and send; NULL: all */
    const char *collective_algorithms;     /* that the library chooses among; NULL: all */
    struct protocol *protocols;            /* [protocol_count]; none: the steps above alone */
    int64_t protocol_count;
    struct protocol in_switch;       /* all-reduce by the switch; efficiency 0: it cannot */
    double in_switch_tuned_fraction; /* its algorithm rate over a link's as the library takes it
                                        when it chooses */
    struct reliability reliability;
    struct storage host, ssd, shared;  /* memory of hosts, their own drives, a network store */
    double power_overhead_per_chip_W;  /* hosts and network of the box: a chip's share */
    double power_host_per_chip_W;      /* of that, the hosts; 0: not known apart */
    double power_cooling_fraction;     /* fans and supplies, over all else in the box */
    double power_scale_out_per_chip_W; /* switches and optics beside the box */
    double pue;
    const struct link_defect *defects; /* sorted by link: defect.h */
    int64_t defect_count;
    const struct plane_split *split;  /* NULL: no plane differs from another; planes.h */
    const unsigned char *plane_links; /* [link_count]: planes_find_links() */
    const struct detours *detours;    /* NULL: no link is dead; detours.h */
    const int64_t *dead_chips;        /* sorted, of the whole machine: dead_chips.h */
    int64_t dead_chip_count;
    int64_t spare_chips;         /* at the end of the machine: they wait */
    struct property *properties; /* everything with a source, for inspect */
    int64_t property_count;
};

/* Reads and checks a platform file. NULL and an INPUT or SYSTEM error (file, line, found,
 * expected, remedy) when it is wrong; a published value without source is an error. */
struct platform *platform_read(const char *path, struct arena *arena, struct error *error);

/* Whether platform can have its domain_count domains: more than one needs NICs and a scale-out
 * network that is large enough. False and an INPUT error when not. */
bool platform_check_domains(const struct platform *platform, struct error *error);

/* The domain that a name of the whole machine is in, 3 of "u3.chip-05-1", and what the name is
 * there; -1 when it names none. */
int64_t platform_domain_named(const struct platform *platform, const char *name,
                              const char **inside);

/* The property of this name with its text and source; NULL when the file does not have it. */
const struct property *platform_property(const struct platform *platform, const char *name);

/* The route between two chips of one domain by local index; chip_count stands for the fabric.
 * Returns its links, *count of them. */
const int32_t *platform_route(const struct platform *platform, int64_t from, int64_t to,
                              int32_t *count);

/* Chips that work for the job: those of the whole machine but the spare ones. */
int64_t platform_chips(const struct platform *platform);

/* Chips of the whole machine: chip_count * domain_count. */
int64_t platform_all_chips(const struct platform *platform);

/* The chip type of a global chip index (domain * chip_count + local index). */
const struct chip *platform_chip(const struct platform *platform, int64_t chip);

/* Power at the building's meter of a chip that draws chip_W, with its share of all that stands
 * beside it. MODEL.md, "Energy" */
double platform_power_W(const struct platform *platform, double chip_W);
