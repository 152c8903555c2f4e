/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that move between replicas and to and from storage: transfers under way share links by
 * max-min fairness, as everywhere else. A transfer is a number of equal parallel flows (the
 * chips of a replica each send their part) that end together. Only transfers that share links,
 * directly or over others, are looked at when one begins or ends. MODEL.md, "Fair sharing",
 * "Serving: transfers" */
#pragma once

#include "serving/timers.h"

struct link_use { /* a link of a transfer's way, and how many of its flows pass it */
    int32_t link, flows;
};

struct transfer_meter { /* of transfers that are counted together */
    int64_t count;
    double bytes;  /* asked for */
    double time_s; /* under way, of those that have ended or were broken off */
};

struct transfer_way {
    struct link_use *crossings; /* [count] */
    int32_t count, flows;       /* flows: of the transfer */
    double latency_s;
    struct transfer_meter *meter; /* counts transfers on the way; NULL: nobody asks */
};

enum transfer_purpose {
    TRANSFER_KV,      /* keys and values of a prompt, from a prefill to a decode replica */
    TRANSFER_RESTORE, /* what was kept of a request's context, back to its replica */
    TRANSFER_SAVE,    /* a context, to storage */
    TRANSFER_WEIGHTS  /* of a replica that starts */
};

struct transfer;
struct transfers {
    struct transfer *items;
    int64_t count, capacity;
    int32_t free;
    int64_t active;
    struct transfer_link *links;
    int64_t link_count, link_capacity;
    int64_t stamp;
    int32_t *group_links, *group_items; /* of the present sharing */
    int64_t group_link_count, group_link_capacity, group_item_count, group_item_capacity;
    struct hook *hooks; /* a transfer on a link */
    int64_t hook_count, hook_capacity;
    int32_t free_hook;
    double moved_bytes;
    struct timers *timers; /* gets TIMER_TRANSFER for each end */
    struct arena *arena;
};

void transfers_init(struct transfers *transfers, struct timers *timers, struct arena *arena);

/* A new link. */
int32_t transfers_link(struct transfers *transfers, double capacity_Bps);

/* Starts bytes (of all flows together) on a way; its end is a timer whose subject is the
 * transfer and whose version must still be the transfer's. A way without links takes its
 * latency alone. */
int32_t transfers_start(struct transfers *transfers, double now_s,
                        const struct transfer_way *way, double bytes,
                        enum transfer_purpose purpose, int32_t subject);

/* What it was for, or -1 when that timer is of the past. */
int32_t transfers_subject(const struct transfers *transfers, const struct timer *timer,
                          enum transfer_purpose *purpose);

/* Breaks off all transfers for a request. */
void transfers_forget(struct transfers *transfers, double now_s, int32_t subject);

/* Ends or breaks off a transfer. */
void transfers_stop(struct transfers *transfers, double now_s, int32_t transfer);

/* What the bytes would take if they came now and nothing changed: each link shared with those
 * that are on it. */
double transfers_estimate_s(const struct transfers *transfers, const struct transfer_way *way,
                            double bytes);
