/* SPDX-License-Identifier: Apache-2.0 */
/* SimGrid offers C programs blocking calls inside actors. Workers turn them into callbacks: a
 * worker takes a piece of work, sleeps until a moment or receives a batch of flows, calls back,
 * and takes the next piece. There are as many workers as pieces were ever under way at once;
 * idle ones wait on a semaphore. Each has a partner that sends to it, going to the source of
 * each flow in turn. SimGrid's own host-to-host call, like its detached messages, stands in one
 * list of them all, whose cost grows with the square of the flows; what an actor sends or
 * receives itself stands in its own short list only. */
#include "engine/engine.h"

#include <stdio.h>

#include <simgrid/actor.h>
#include <simgrid/comm.h>
#include <simgrid/engine.h>
#include <simgrid/mailbox.h>
#include <simgrid/semaphore.h>

#include "engine/moments.h"
#include "engine/simulation.h"

/* SimGrid searches the list of what an actor sends or receives whenever one flow of it ends. */
enum { BATCH = 16 };

struct transfers { /* flows that one call started */
    int64_t left;  /* batches that are not over */
    engine_done *done;
    void *argument;
    struct transfers *next_free;
};

struct batch { /* flows that arrive at one sink, started at once */
    struct engine_flow flows[BATCH];
    int32_t count, sink;
    struct transfers *transfers;
    struct batch *next;
};

struct work { /* one of them is not NULL */
    struct moment *moment;
    struct batch *batch;
};

struct engine {
    struct arena *arena;
    struct simulation simulation;
    struct moments moments;
    sg_sem_t idle; /* idle workers wait here */
    int64_t idle_count;
    int64_t called_count; /* workers on their way to the queue */
    int64_t worker_count;
    struct work *queue; /* not yet taken: a ring buffer */
    int64_t queue_first, queue_count, queue_capacity;
    struct worker *workers; /* all of them */
    struct worker *alone;   /* whose partners are on their way: any will do */
    struct batch **open;    /* by sink: has room for more flows of the call under way */
    struct batch *free_batches;
    struct transfers *free_transfers;
    int64_t under_way; /* taken and not over */
    int64_t activity_count, transfer_count;
    bool over;
};

/* SimGrid's actors get their argument as text only; there is one engine per process. */
static struct engine *the_engine;

/* The queue */

static void enqueue(struct engine *engine, struct work work)
{
    if (engine->queue_count == engine->queue_capacity) {
        int64_t capacity = engine->queue_capacity == 0 ? 256 : engine->queue_capacity * 2;
        struct work *queue = arena_array(engine->arena, capacity, sizeof *queue);
        for (int64_t i = 0; i < engine->queue_count; i++) {
            queue[i] = engine->queue[(engine->queue_first + i) % engine->queue_capacity];
        }
        engine->queue = queue;
        engine->queue_first = 0;
        engine->queue_capacity = capacity;
    }
    int64_t last = (engine->queue_first + engine->queue_count++) % engine->queue_capacity;
    engine->queue[last] = work;
}

static struct work take(struct engine *engine)
{
    struct work work = engine->queue[engine->queue_first];
    engine->queue_first = (engine->queue_first + 1) % engine->queue_capacity;
    engine->queue_count--;
    return work;
}

static void work(int argument_count, char **arguments);

/* Finds a worker for all queued work but that (own) which the caller takes itself. */
static void call_workers(struct engine *engine, int64_t own)
{
    while (engine->called_count + own < engine->queue_count) {
        engine->called_count++;
        if (engine->idle_count > 0) {
            engine->idle_count--;
            sg_sem_release(engine->idle);
        } else {
            int64_t sink = engine->worker_count++ % engine->simulation.sink_count;
            sg_actor_create_("worker", engine->simulation.sinks[sink], work, 0, NULL);
        }
    }
}

/* Workers */

struct worker {
    sg_mailbox_t mailbox;
    int32_t sink;              /* where it is */
    sg_sem_t to_send;          /* the partner waits here */
    const struct batch *batch; /* what is to be sent */
    struct worker *next, *next_alone;
};

/* The receiver waits already: each flow starts at once, from where the partner is then. */
static int32_t send_batch(const struct engine *engine, const struct worker *worker,
                          sg_comm_t *flows)
{
    const struct simulation *simulation = &engine->simulation;
    const struct batch *batch = worker->batch;
    for (int32_t f = 0; f < batch->count; f++) {
        const struct pair *pair = &simulation->wiring->pairs[batch->flows[f].pair];
        sg_actor_set_host(sg_actor_self(), simulation->sources[pair->from]);
        flows[f] = sg_mailbox_put_async(worker->mailbox, the_engine,
                                        (long)simulation_size(batch->flows[f].bytes));
    }
    return batch->count;
}

/* A worker's partner. What it sent is over when the worker comes with more, and leaves its list
 * when it asks for it. */
static void send(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    struct engine *engine = the_engine;
    struct worker *worker = engine->alone;
    engine->alone = worker->next_alone;
    sg_comm_t flows[BATCH];
    int32_t count = 0;
    for (;;) {
        sg_sem_acquire(worker->to_send);
        for (int32_t f = 0; f < count; f++) {
            sg_comm_wait(flows[f]);
        }
        if (engine->over) {
            return;
        }
        count = send_batch(engine, worker, flows);
    }
}

static struct batch *new_batch(struct engine *engine, struct transfers *transfers, int32_t sink)
{
    struct batch *batch = engine->free_batches;
    if (batch == NULL) {
        batch = arena_alloc(engine->arena, sizeof *batch);
    } else {
        engine->free_batches = batch->next;
    }
    batch->count = 0;
    batch->sink = sink;
    batch->transfers = transfers;
    transfers->left++;
    enqueue(engine, (struct work){.batch = batch});
    return batch;
}

static struct transfers *new_transfers(struct engine *engine, const struct activity *after)
{
    struct transfers *transfers = engine->free_transfers;
    if (transfers == NULL) {
        transfers = arena_alloc(engine->arena, sizeof *transfers);
    } else {
        engine->free_transfers = transfers->next_free;
    }
    *transfers = (struct transfers){0, after->done, after->argument, NULL};
    return transfers;
}

/* Starts flows, in batches; false when none of them has bytes to move. */
static bool start_flows(struct engine *engine, const struct engine_flow *flows, int64_t count,
                        const struct activity *after)
{
    struct transfers *transfers = NULL;
    const int32_t *sinks = engine->simulation.pair_sink;
    for (int64_t f = 0; f < count; f++) {
        if (flows[f].bytes <= 0) {
            engine->activity_count++;
            continue;
        }
        transfers = transfers == NULL ? new_transfers(engine, after) : transfers;
        struct batch **open = &engine->open[sinks[flows[f].pair]];
        if (*open == NULL || (*open)->count == BATCH) {
            *open = new_batch(engine, transfers, sinks[flows[f].pair]);
        }
        (*open)->flows[(*open)->count++] = flows[f];
    }
    for (int64_t f = 0; f < count; f++) {
        engine->open[sinks[flows[f].pair]] = NULL;
    }
    return transfers != NULL;
}

static void batch_over(struct engine *engine, struct batch *batch)
{
    struct transfers *transfers = batch->transfers;
    engine->activity_count += batch->count;
    engine->transfer_count += batch->count;
    batch->next = engine->free_batches;
    engine->free_batches = batch;
    if (--transfers->left == 0) {
        transfers->next_free = engine->free_transfers;
        engine->free_transfers = transfers;
        transfers->done(transfers->argument);
    }
}

static void receive(struct engine *engine, struct worker *self, struct batch *batch)
{
    sg_comm_t flows[BATCH];
    void *ignored;
    if (self->sink != batch->sink) {
        self->sink = batch->sink;
        sg_actor_set_host(sg_actor_self(), engine->simulation.sinks[batch->sink]);
    }
    int32_t count = batch->count;
    for (int32_t f = 0; f < count; f++) {
        flows[f] = sg_mailbox_get_async(self->mailbox, &ignored);
    }
    self->batch = batch;
    sg_sem_release(self->to_send);
    for (int32_t f = 0; f < count; f++) {
        sg_comm_wait(flows[f]);
    }
    batch_over(engine, batch);
}

static void sleep_until(double due_s)
{
    double delay_s = due_s - simgrid_get_clock();
    if (delay_s > 0) {
        sg_actor_sleep_for(delay_s);
    }
}

static void run_moment(struct engine *engine, struct moment *moment)
{
    sleep_until(moments_due_s(moment));
    struct activity *activity = moments_take(&engine->moments, moment);
    while (activity != NULL) {
        struct activity now = *activity;
        moments_free(&engine->moments, activity);
        if (now.pair >= 0 && now.bytes > 0) {
            start_flows(engine, &(struct engine_flow){now.pair, now.bytes}, 1, &now);
        } else {
            engine->activity_count++;
            now.done(now.argument);
        }
        activity = now.next;
    }
}

static struct worker *new_worker(struct engine *engine)
{
    char name[32];
    snprintf(name, sizeof name, "w%ld", (long)sg_actor_self_get_pid());
    struct worker *worker = arena_alloc(engine->arena, sizeof *worker);
    *worker = (struct worker){.mailbox = sg_mailbox_by_name(name), .sink = -1};
    worker->to_send = sg_sem_init(0);
    worker->next = engine->workers;
    worker->next_alone = engine->alone;
    engine->workers = engine->alone = worker;
    sg_actor_create_("partner", engine->simulation.sources[0], send, 0, NULL);
    return worker;
}

static void perform(struct engine *engine, struct worker **self, struct work work)
{
    engine->under_way++;
    if (work.moment != NULL) {
        run_moment(engine, work.moment);
    } else {
        *self = *self == NULL ? new_worker(engine) : *self;
        receive(engine, *self, work.batch);
    }
    engine->under_way--;
}

static void dismiss(struct engine *engine)
{
    engine->over = true;
    for (struct worker *worker = engine->workers; worker != NULL; worker = worker->next) {
        sg_sem_release(worker->to_send);
    }
    for (; engine->idle_count > 0; engine->idle_count--) {
        sg_sem_release(engine->idle);
    }
}

static void work(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    struct engine *engine = the_engine;
    struct worker *self = NULL;
    while (!engine->over) {
        engine->called_count--;
        /* Others may have been called for what is queued; whoever comes first takes it. */
        while (engine->queue_count > 0) {
            perform(engine, &self, take(engine));
            call_workers(engine, 1);
        }
        if (engine->under_way == 0) {
            dismiss(engine);
            return;
        }
        engine->idle_count++;
        sg_sem_acquire(engine->idle);
    }
}

/* What others see */

struct engine *engine_start(const struct wiring *wiring, struct arena *arena,
                            struct error *error)
{
    struct engine *engine = arena_alloc(arena, sizeof *engine);
    engine->arena = arena;
    engine->moments.arena = arena;
    if (!simulation_start(&engine->simulation, wiring, arena, error)) {
        return NULL;
    }
    engine->open = arena_array(arena, engine->simulation.sink_count, sizeof(struct batch *));
    engine->idle = sg_sem_init(0);
    the_engine = engine;
    return engine;
}

static void add_activity(struct engine *engine, double delay_s, const struct activity *activity)
{
    double due_s = simgrid_get_clock() + (delay_s > 0 ? delay_s : 0);
    struct moment *moment = moments_add(&engine->moments, due_s, activity);
    if (moment != NULL) {
        enqueue(engine, (struct work){.moment = moment});
    }
}

void engine_after(struct engine *engine, double delay_s, engine_done *done, void *argument)
{
    add_activity(engine, delay_s, &(struct activity){0, -1, done, argument, NULL});
}

void engine_transfer(struct engine *engine, double delay_s, int32_t pair, double bytes,
                     engine_done *done, void *argument)
{
    add_activity(engine, delay_s, &(struct activity){bytes, pair, done, argument, NULL});
}

void engine_transfers(struct engine *engine, const struct engine_flow *flows, int64_t count,
                      engine_done *done, void *argument)
{
    if (!start_flows(engine, flows, count, &(struct activity){0, -1, done, argument, NULL})) {
        engine_after(engine, 0, done, argument);
    }
}

void engine_run(struct engine *engine)
{
    if (engine->queue_count == 0) {
        return;
    }
    call_workers(engine, 0);
    simgrid_run();
}

double engine_now_s(const struct engine *engine)
{
    (void)engine;
    return simgrid_get_clock();
}

int64_t engine_activity_count(const struct engine *engine)
{
    return engine->activity_count;
}

int64_t engine_transfer_count(const struct engine *engine)
{
    return engine->transfer_count;
}
