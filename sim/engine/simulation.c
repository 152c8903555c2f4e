/* SPDX-License-Identifier: Apache-2.0 */
/* The network reaches SimGrid as a platform file in memory. A route belongs to a pair of hosts:
 * the pairs of one source need different sinks, those of different sources may share one. */
#define _GNU_SOURCE /* memfd_create */
#include "engine/simulation.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <simgrid/engine.h>
#include <simgrid/version.h>

#include "engine/engine.h"
#include "engine/renewal.h"

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

double simulation_size(double bytes)
{
    return bytes * parts_per_byte;
}

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

/* The n-th pair of each source arrives at the n-th sink. */
static void choose_sinks(struct simulation *simulation, struct arena *arena)
{
    const struct wiring *wiring = simulation->wiring;
    int32_t *taken = arena_array(arena, simulation->source_count, sizeof(int32_t));
    simulation->pair_sink = arena_array(arena, wiring->pair_count + 1, sizeof(int32_t));
    simulation->sink_count = 1;
    for (int64_t p = 0; p < wiring->pair_count; p++) {
        int32_t sink = taken[wiring->pairs[p].from]++;
        simulation->pair_sink[p] = sink;
        if (sink >= simulation->sink_count) {
            simulation->sink_count = sink + 1;
        }
    }
}

/* The wiring that SimGrid gets: in parts, and with sinks behind the end points. */
static char *xml(const struct simulation *simulation, struct arena *arena, int64_t *size)
{
    const struct wiring *wiring = simulation->wiring;
    struct wiring own = *wiring;
    own.end_point_count = simulation->source_count + simulation->sink_count;
    own.wires = arena_array(arena, wiring->wire_count + 1, sizeof(struct wire));
    for (int64_t i = 0; i < wiring->wire_count; i++) {
        own.wires[i] = wiring->wires[i];
        own.wires[i].capacity_Bps *= parts_per_byte;
    }
    own.pairs = arena_array(arena, wiring->pair_count + 1, sizeof(struct pair));
    for (int64_t i = 0; i < wiring->pair_count; i++) {
        own.pairs[i] = wiring->pairs[i];
        own.pairs[i].to = (int32_t)simulation->source_count + simulation->pair_sink[i];
    }
    return wiring_xml(&own, arena, size);
}

/* Through memory, so that no file is left behind. */
static bool load(const struct simulation *simulation, struct error *error)
{
    struct arena *scratch = arena_create();
    int64_t size = 0;
    char *text = xml(simulation, scratch, &size);
    int file = memfd_create("network.xml", MFD_CLOEXEC);
    bool written = file >= 0;
    for (int64_t done = 0; written && done < size;) {
        ssize_t step = write(file, text + done, (size_t)(size - done));
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

static const char *trace_path;
static pid_t trace_process;

void engine_trace(const char *path)
{
    trace_path = path;
    trace_process = getpid();
}

bool engine_is_traced(void)
{
    return trace_path != NULL && trace_process == getpid();
}

/* Links only: the hosts do no work. Capacities are in parts, which the trace itself says. */
static const char *const trace_settings[] = {
    "tracing:yes",
    "tracing/uncategorized:yes",
    "tracing/platform/topology:no",
    "tracing/precision:12",
    "tracing/comment:bandwidths-are-in-bytes/65536-per-second",
};
enum { TRACE_COUNT = sizeof trace_settings / sizeof trace_settings[0] };

/* More arguments, after count others: for the trace. */
static int trace_arguments(char **arguments, int count)
{
    static char options[TRACE_COUNT][64], file[PATH_MAX + 32];
    for (int i = 0; i < TRACE_COUNT; i++) {
        snprintf(options[i], sizeof options[i], "--cfg=%s", trace_settings[i]);
        arguments[count++] = options[i];
    }
    snprintf(file, sizeof file, "--cfg=tracing/filename:%s", trace_path);
    arguments[count++] = file;
    return count;
}

static bool started;

static void initialise(void)
{
    started = true;
    static char options[SETTING_COUNT][64];
    static char program[] = "trnsim", quiet[] = "--log=root.threshold:critical";
    char *arguments[SETTING_COUNT + TRACE_COUNT + 4] = {program, quiet};
    int count = 2;
    for (int i = 0; i < SETTING_COUNT; i++) {
        snprintf(options[i], sizeof options[i], "--cfg=%s", settings[i]);
        arguments[count++] = options[i];
    }
    if (engine_is_traced()) {
        count = trace_arguments(arguments, count);
    }
    /* SimGrid takes Ctrl-C for itself: the program's own handler is put back. */
    struct sigaction on_interrupt;
    sigaction(SIGINT, NULL, &on_interrupt);
    renewal_begin(&count, arguments);
    sigaction(SIGINT, &on_interrupt, NULL);
}

bool engine_started(void)
{
    return started;
}

bool engine_end(void)
{
    started = started && !renewal_end();
    return !started;
}

static sg_host_t *hosts(int64_t first, int64_t count, struct arena *arena)
{
    sg_host_t *array = arena_array(arena, count, sizeof(sg_host_t));
    for (int64_t i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof name, "h%lld", (long long)(first + i));
        array[i] = sg_host_by_name(name);
    }
    return array;
}

bool simulation_start(struct simulation *simulation, const struct wiring *wiring,
                      struct arena *arena, struct error *error)
{
    *simulation = (struct simulation){.wiring = wiring};
    /* Actors live somewhere, also where nobody sends. */
    simulation->source_count = wiring->end_point_count > 0 ? wiring->end_point_count : 1;
    choose_sinks(simulation, arena);
    initialise();
    if (!load(simulation, error)) {
        return false;
    }
    simulation->sources = hosts(0, simulation->source_count, arena);
    simulation->sinks = hosts(simulation->source_count, simulation->sink_count, arena);
    return true;
}
