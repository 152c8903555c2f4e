/* SPDX-License-Identifier: Apache-2.0 */
/* A change of one transfer is followed over shared links to all that it can touch; their rates
 * are found by progressive filling, and each gets a new end. Timers of ends that moved stay
 * behind and are known by their version. */
#include "serving/transfers.h"

#include <math.h>
#include <stdbool.h>

enum { NONE = -1 };

struct transfer_link {
    double capacity_Bps, left_Bps;
    int32_t first; /* hook */
    int32_t open;  /* flows whose rate is not fixed */
    int64_t stamp, flows;
};

struct hook {
    int32_t link, flows, transfer;
    int32_t before, after; /* on the link */
    int32_t next;          /* of the transfer, or of the free ones */
};

struct transfer {
    double bytes, rate_Bps; /* of one flow */
    double was_Bps;         /* before the present sharing */
    double since_s, start_s, latency_s;
    struct transfer_meter *meter;
    int32_t hooks, subject, next_free;
    enum transfer_purpose purpose;
    bool active, open;
    int64_t stamp, version;
};

void transfers_init(struct transfers *transfers, struct timers *timers, struct arena *arena)
{
    *transfers =
        (struct transfers){.free = NONE, .free_hook = NONE, .timers = timers, .arena = arena};
}

int32_t transfers_link(struct transfers *transfers, double capacity_Bps)
{
    transfers->links = arena_grow(transfers->arena, transfers->links, transfers->link_count,
                                  &transfers->link_capacity, sizeof(struct transfer_link));
    transfers->links[transfers->link_count] =
        (struct transfer_link){.capacity_Bps = capacity_Bps, .first = NONE};
    return (int32_t)transfers->link_count++;
}

static int32_t take_hook(struct transfers *transfers)
{
    int32_t hook = transfers->free_hook;
    if (hook != NONE) {
        transfers->free_hook = transfers->hooks[hook].next;
        return hook;
    }
    transfers->hooks = arena_grow(transfers->arena, transfers->hooks, transfers->hook_count,
                                  &transfers->hook_capacity, sizeof(struct hook));
    return (int32_t)transfers->hook_count++;
}

static void hang(struct transfers *transfers, int32_t transfer, const struct link_use *crossing)
{
    int32_t hook = take_hook(transfers);
    struct transfer_link *link = &transfers->links[crossing->link];
    struct transfer *item = &transfers->items[transfer];
    transfers->hooks[hook] = (struct hook){.link = crossing->link,
                                           .flows = crossing->flows,
                                           .transfer = transfer,
                                           .before = NONE,
                                           .after = link->first,
                                           .next = item->hooks};
    if (link->first != NONE) {
        transfers->hooks[link->first].before = hook;
    }
    link->first = hook;
    link->flows += crossing->flows;
    item->hooks = hook;
}

static void unhang(struct transfers *transfers, int32_t transfer)
{
    struct transfer *item = &transfers->items[transfer];
    while (item->hooks != NONE) {
        int32_t at = item->hooks;
        struct hook *hook = &transfers->hooks[at];
        struct transfer_link *link = &transfers->links[hook->link];
        if (hook->before == NONE) {
            link->first = hook->after;
        } else {
            transfers->hooks[hook->before].after = hook->after;
        }
        if (hook->after != NONE) {
            transfers->hooks[hook->after].before = hook->before;
        }
        link->flows -= hook->flows;
        item->hooks = hook->next;
        hook->next = transfers->free_hook;
        transfers->free_hook = at;
    }
}

static void add_link(struct transfers *transfers, int32_t link)
{
    struct transfer_link *item = &transfers->links[link];
    if (item->stamp == transfers->stamp) {
        return;
    }
    item->stamp = transfers->stamp;
    item->left_Bps = item->capacity_Bps;
    item->open = 0;
    transfers->group_links =
        arena_grow(transfers->arena, transfers->group_links, transfers->group_link_count,
                   &transfers->group_link_capacity, sizeof(int32_t));
    transfers->group_links[transfers->group_link_count++] = link;
}

static void add_transfer(struct transfers *transfers, int32_t transfer, double now_s)
{
    struct transfer *item = &transfers->items[transfer];
    if (item->stamp == transfers->stamp) {
        return;
    }
    item->stamp = transfers->stamp;
    item->open = true;
    item->was_Bps = item->rate_Bps;
    item->bytes = fmax(item->bytes - item->rate_Bps * (now_s - item->since_s), 0);
    item->since_s = now_s;
    transfers->group_items =
        arena_grow(transfers->arena, transfers->group_items, transfers->group_item_count,
                   &transfers->group_item_capacity, sizeof(int32_t));
    transfers->group_items[transfers->group_item_count++] = transfer;
    for (int32_t h = item->hooks; h != NONE; h = transfers->hooks[h].next) {
        add_link(transfers, transfers->hooks[h].link);
        transfers->links[transfers->hooks[h].link].open += transfers->hooks[h].flows;
    }
}

/* All that share links with those that the group has so far. */
static void spread(struct transfers *transfers, double now_s)
{
    for (int64_t i = 0; i < transfers->group_link_count; i++) {
        int32_t hook = transfers->links[transfers->group_links[i]].first;
        for (; hook != NONE; hook = transfers->hooks[hook].after) {
            add_transfer(transfers, transfers->hooks[hook].transfer, now_s);
        }
    }
}

static double share_Bps(const struct transfer_link *link)
{
    return link->open > 0 ? link->left_Bps / link->open : (double)INFINITY;
}

static double least_share_Bps(const struct transfers *transfers)
{
    double least_Bps = INFINITY;
    for (int64_t i = 0; i < transfers->group_link_count; i++) {
        least_Bps = fmin(least_Bps, share_Bps(&transfers->links[transfers->group_links[i]]));
    }
    return least_Bps;
}

/* The flows of one full link have this rate. */
static int64_t fix_link(struct transfers *transfers, int32_t link, double rate_Bps)
{
    int64_t fixed = 0;
    for (int32_t h = transfers->links[link].first; h != NONE; h = transfers->hooks[h].after) {
        struct transfer *item = &transfers->items[transfers->hooks[h].transfer];
        if (!item->open) {
            continue;
        }
        item->open = false;
        item->rate_Bps = rate_Bps;
        fixed++;
        for (int32_t own = item->hooks; own != NONE; own = transfers->hooks[own].next) {
            struct transfer_link *crossed = &transfers->links[transfers->hooks[own].link];
            crossed->left_Bps -= rate_Bps * transfers->hooks[own].flows;
            crossed->open -= transfers->hooks[own].flows;
        }
    }
    return fixed;
}

static void fill(struct transfers *transfers)
{
    int64_t open = transfers->group_item_count;
    while (open > 0) {
        double rate_Bps = least_share_Bps(transfers);
        for (int64_t i = 0; i < transfers->group_link_count; i++) {
            int32_t link = transfers->group_links[i];
            if (share_Bps(&transfers->links[link]) <= rate_Bps * (1 + 1e-12)) {
                open -= fix_link(transfers, link, rate_Bps);
            }
        }
    }
}

static void set_end(struct transfers *transfers, int32_t transfer)
{
    struct transfer *item = &transfers->items[transfer];
    double left_s = item->bytes > 0 ? item->bytes / item->rate_Bps : 0;
    item->version++;
    timers_set(transfers->timers, item->since_s + left_s + item->latency_s, TIMER_TRANSFER,
               transfer, item->version);
}

/* New rates for the group that was begun, and new ends where the rate changed. */
static void share(struct transfers *transfers, double now_s)
{
    spread(transfers, now_s);
    fill(transfers);
    for (int64_t i = 0; i < transfers->group_item_count; i++) {
        const struct transfer *item = &transfers->items[transfers->group_items[i]];
        if (item->bytes > 0 && item->rate_Bps != item->was_Bps) {
            set_end(transfers, transfers->group_items[i]);
        }
    }
}

static void begin_group(struct transfers *transfers)
{
    transfers->stamp++;
    transfers->group_link_count = transfers->group_item_count = 0;
}

static int32_t take_item(struct transfers *transfers)
{
    int32_t item = transfers->free;
    if (item != NONE) {
        transfers->free = transfers->items[item].next_free;
        return item;
    }
    transfers->items = arena_grow(transfers->arena, transfers->items, transfers->count,
                                  &transfers->capacity, sizeof(struct transfer));
    return (int32_t)transfers->count++;
}

int32_t transfers_start(struct transfers *transfers, double now_s,
                        const struct transfer_way *way, double bytes,
                        enum transfer_purpose purpose, int32_t subject)
{
    int32_t transfer = take_item(transfers);
    struct transfer *item = &transfers->items[transfer];
    bool moves = way->count > 0 && bytes > 0;
    *item = (struct transfer){.bytes = moves ? bytes / way->flows : 0,
                              .since_s = now_s,
                              .start_s = now_s,
                              .meter = way->meter,
                              .latency_s = way->latency_s,
                              .hooks = NONE,
                              .subject = subject,
                              .purpose = purpose,
                              .active = true,
                              .stamp = item->stamp,
                              .version = item->version};
    transfers->active++;
    transfers->moved_bytes += bytes;
    if (item->meter != NULL) {
        item->meter->count++;
        item->meter->bytes += bytes;
    }
    begin_group(transfers);
    if (!moves) {
        set_end(transfers, transfer);
        return transfer;
    }
    for (int32_t i = 0; i < way->count; i++) {
        hang(transfers, transfer, &way->crossings[i]);
    }
    add_transfer(transfers, transfer, now_s);
    share(transfers, now_s);
    return transfer;
}

int32_t transfers_subject(const struct transfers *transfers, const struct timer *timer,
                          enum transfer_purpose *purpose)
{
    const struct transfer *item = &transfers->items[timer->subject];
    if (!item->active || item->version != timer->version) {
        return NONE;
    }
    *purpose = item->purpose;
    return item->subject;
}

void transfers_stop(struct transfers *transfers, double now_s, int32_t transfer)
{
    struct transfer *item = &transfers->items[transfer];
    begin_group(transfers);
    for (int32_t h = item->hooks; h != NONE; h = transfers->hooks[h].next) {
        add_link(transfers, transfers->hooks[h].link);
    }
    unhang(transfers, transfer);
    if (item->meter != NULL) {
        item->meter->time_s += now_s - item->start_s;
    }
    item->active = false;
    item->version++;
    item->next_free = transfers->free;
    transfers->free = transfer;
    transfers->active--;
    share(transfers, now_s);
}

void transfers_forget(struct transfers *transfers, double now_s, int32_t subject)
{
    for (int32_t i = 0; i < transfers->count; i++) {
        const struct transfer *item = &transfers->items[i];
        if (item->active && item->purpose != TRANSFER_WEIGHTS && item->subject == subject) {
            transfers_stop(transfers, now_s, i);
        }
    }
}

double transfers_estimate_s(const struct transfers *transfers, const struct transfer_way *way,
                            double bytes)
{
    double rate_Bps = INFINITY;
    for (int32_t i = 0; i < way->count; i++) {
        const struct transfer_link *link = &transfers->links[way->crossings[i].link];
        rate_Bps = fmin(rate_Bps,
                        link->capacity_Bps / (double)(link->flows + way->crossings[i].flows));
    }
    return way->count > 0 ? bytes / way->flows / rate_Bps + way->latency_s : way->latency_s;
}
