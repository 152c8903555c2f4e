/* SPDX-License-Identifier: Apache-2.0 */
/* SimGrid offers C programs blocking calls inside actors. Workers turn them into callbacks: a
 * worker takes an activity, sleeps or sends, calls back, and takes the next one. There are as
 * many workers as activities were ever under way at once; idle ones wait on a semaphore. They
 * are spread over the end points, since SimGrid's cost of a sleep grows with the sleepers of a
 * host. */
#define _GNU_SOURCE /* memfd_create */
#include "engine/engine.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <simgrid/actor.h>
#include <simgrid/engine.h>
#include <simgrid/host.h>
#include <simgrid/semaphore.h>
#include <simgrid/version.h>

/* The address sanitizer knows the stacks of threads; those that SimGrid switches by itself it
 * takes for damage. Threads are slow, and for testing only. */
#if defined(__SANITIZE_ADDRESS__)
#define STACKS "contexts/factory:thread", "contexts/stack-size:512"
#else
#define STACKS "contexts/guard-size:0", "contexts/stack-size:24"
#endif

static const char *const settings[] = {
    "network/model:CM02",
    "network/crosstraffic:0",
    "network/TCP-gamma:1e30",
    "network/latency-factor:0",
    "surf/precision:1e-12",
    "maxmin/precision:1e-12",
    STACKS,
};
enum { SETTING_COUNT = sizeof settings / sizeof settings[0] };

/* SimGrid takes whole bytes only: a part of a byte is cut off. Sizes and capacities are handed
 * over in parts so small that this does not matter: less than 2 fs at 10 GB/s. */
static const double parts_per_byte = 1 << 16;

struct activity {
    double delay_s, bytes;
    int32_t pair; /* -1: a delay only */
    engine_done *done;
    void *argument;
};

struct engine {
    struct arena *arena;
    const struct wiring *wiring;
    sg_host_t *end_points;
    int64_t host_count; /* end points, and one where nobody sends: workers live somewhere */
    sg_sem_t idle;      /* idle workers wait here */
    int64_t idle_count;
    int64_t called_count; /* workers on their way to the queue */
    int64_t worker_count;
    struct activity *queue; /* started, not yet taken: a ring buffer */
    int64_t queue_first, queue_count, queue_capacity;
    int64_t under_way; /* taken and not over */
    int64_t activity_count, transfer_count;
    bool over;
};

/* SimGrid's actors get their argument as text only; there is one engine per process. */
static struct engine *the_engine;

const char *engine_settings(void)
{
    static char text[512];
    text[0] = 0;
    for (int i = 0; i < SETTING_COUNT; i++) {
        strcat(strcat(text, i > 0 ? " " : ""), settings[i]);
    }
    return text;
}

const char *engine_version(void)
{
    static char text[32];
    int major, minor, patch;
    sg_version_get(&major, &minor, &patch);
    snprintf(text, sizeof text, "%d.%d.%d", major, minor, patch);
    return text;
}

static void perform(struct engine *engine, const struct activity *activity)
{
    engine->under_way++;
    engine->activity_count++;
    if (activity->delay_s > 0) {
        sg_actor_sleep_for(activity->delay_s);
    }
    if (activity->pair >= 0 && activity->bytes > 0) {
        const struct pair *pair = &engine->wiring->pairs[activity->pair];
        engine->transfer_count++;
        sg_host_sendto(engine->end_points[pair->from], engine->end_points[pair->to],
                       activity->bytes * parts_per_byte);
    }
    engine->under_way--;
    activity->done(activity->argument);
}

static struct activity take(struct engine *engine)
{
    struct activity activity = engine->queue[engine->queue_first];
    engine->queue_first = (engine->queue_first + 1) % engine->queue_capacity;
    engine->queue_count--;
    return activity;
}

static void work(int argument_count, char **arguments);

/* Finds a worker for all queued activities but those (own) that the caller takes itself. */
static void call_workers(struct engine *engine, int64_t own)
{
    while (engine->called_count + own < engine->queue_count) {
        engine->called_count++;
        if (engine->idle_count > 0) {
            engine->idle_count--;
            sg_sem_release(engine->idle);
        } else {
            int64_t host = engine->worker_count++ % engine->host_count;
            sg_actor_create_("worker", engine->end_points[host], work, 0, NULL);
        }
    }
}

static void dismiss_workers(struct engine *engine)
{
    engine->over = true;
    for (; engine->idle_count > 0; engine->idle_count--) {
        sg_sem_release(engine->idle);
    }
}

static void work(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    struct engine *engine = the_engine;
    while (!engine->over) {
        engine->called_count--;
        /* Others may have been called for what is queued; whoever comes first takes it. */
        while (engine->queue_count > 0) {
            struct activity activity = take(engine);
            perform(engine, &activity);
            call_workers(engine, 1);
        }
        if (engine->under_way == 0) {
            dismiss_workers(engine);
            return;
        }
        engine->idle_count++;
        sg_sem_acquire(engine->idle);
    }
}

static int64_t host_count(const struct wiring *wiring)
{
    return wiring->end_point_count > 0 ? wiring->end_point_count : 1;
}

static char *xml_in_parts(const struct wiring *wiring, struct arena *arena, int64_t *size)
{
    struct wiring in_parts = *wiring;
    in_parts.end_point_count = host_count(wiring);
    in_parts.wires = arena_array(arena, wiring->wire_count + 1, sizeof(struct wire));
    for (int64_t i = 0; i < wiring->wire_count; i++) {
        in_parts.wires[i] = wiring->wires[i];
        in_parts.wires[i].capacity_Bps *= parts_per_byte;
    }
    return wiring_xml(&in_parts, arena, size);
}

/* The network reaches SimGrid through memory, so that no file is left behind. */
static bool load(const struct wiring *wiring, struct error *error)
{
    struct arena *scratch = arena_create();
    int64_t size = 0;
    char *xml = xml_in_parts(wiring, scratch, &size);
    int file = memfd_create("network.xml", MFD_CLOEXEC);
    bool written = file >= 0;
    for (int64_t done = 0; written && done < size;) {
        ssize_t step = write(file, xml + done, (size_t)(size - done));
        written = step > 0;
        done += step;
    }
    arena_free(scratch);
    if (written) {
        char path[64];
        snprintf(path, sizeof path, "/proc/self/fd/%d", file);
        simgrid_load_platform(path);
    }
    if (file >= 0) {
        close(file);
    }
    return written || error_fill(error, ERROR_SYSTEM,
                                 "no memory for the network of the run (%lld bytes of XML)",
                                 (long long)size);
}

static void initialise(void)
{
    static char options[SETTING_COUNT][64];
    static char program[] = "trnsim", quiet[] = "--log=root.threshold:critical";
    char *arguments[SETTING_COUNT + 3] = {program, quiet};
    int count = 2;
    for (int i = 0; i < SETTING_COUNT; i++) {
        snprintf(options[i], sizeof options[i], "--cfg=%s", settings[i]);
        arguments[count++] = options[i];
    }
    /* SimGrid takes Ctrl-C for itself: the program's own handler is put back. */
    struct sigaction on_interrupt;
    sigaction(SIGINT, NULL, &on_interrupt);
    simgrid_init(&count, arguments);
    sigaction(SIGINT, &on_interrupt, NULL);
}

struct engine *engine_start(const struct wiring *wiring, struct arena *arena,
                            struct error *error)
{
    initialise();
    if (!load(wiring, error)) {
        return NULL;
    }
    struct engine *engine = arena_alloc(arena, sizeof *engine);
    *engine = (struct engine){.arena = arena, .wiring = wiring};
    engine->host_count = host_count(wiring);
    engine->end_points = arena_array(arena, engine->host_count, sizeof(sg_host_t));
    for (int64_t i = 0; i < engine->host_count; i++) {
        char name[32];
        snprintf(name, sizeof name, "h%lld", (long long)i);
        engine->end_points[i] = sg_host_by_name(name);
    }
    engine->idle = sg_sem_init(0);
    the_engine = engine;
    return engine;
}

static void enqueue(struct engine *engine, const struct activity *activity)
{
    if (engine->queue_count == engine->queue_capacity) {
        int64_t capacity = engine->queue_capacity == 0 ? 256 : engine->queue_capacity * 2;
        struct activity *queue = arena_array(engine->arena, capacity, sizeof *queue);
        for (int64_t i = 0; i < engine->queue_count; i++) {
            queue[i] = engine->queue[(engine->queue_first + i) % engine->queue_capacity];
        }
        engine->queue = queue;
        engine->queue_first = 0;
        engine->queue_capacity = capacity;
    }
    int64_t last = (engine->queue_first + engine->queue_count++) % engine->queue_capacity;
    engine->queue[last] = *activity;
}

void engine_after(struct engine *engine, double delay_s, engine_done *done, void *argument)
{
    enqueue(engine, &(struct activity){delay_s, 0, -1, done, argument});
}

void engine_transfer(struct engine *engine, double delay_s, int32_t pair, double bytes,
                     engine_done *done, void *argument)
{
    enqueue(engine, &(struct activity){delay_s, bytes, pair, done, argument});
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
