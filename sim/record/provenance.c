/* SPDX-License-Identifier: Apache-2.0 */
/* The order of the facts is that of the enum here. The peak of memory is asked from Linux's
 * status file first: getrusage's figure also counts what a parent had before exec. */
#include "record/provenance.h"

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include <hdf5.h>

enum {
    FACT_COMMAND,
    FACT_VERSION,
    FACT_GIT,
    FACT_COMPILER,
    FACT_HDF5,
    FACT_SIMGRID,
    FACT_NETWORK_MODEL,
    FACT_SEED,
    FACT_START,
    FACT_WALL_S,
    FACT_PEAK_BYTES,
    FACT_COUNT
};
_Static_assert((int)FACT_COUNT == PROVENANCE_FACTS, "one name for each fact");

static double forward_clock_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static char *now_utc(struct arena *arena)
{
    char text[32] = "";
    time_t now = time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc) != NULL) {
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    }
    return arena_text(arena, text);
}

static double peak_bytes(void)
{
    long kilobytes = 0;
    char line[128];
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && kilobytes == 0 && fgets(line, sizeof line, status) != NULL) {
        if (sscanf(line, "VmHWM: %ld kB", &kilobytes) != 1) {
            kilobytes = 0;
        }
    }
    if (status != NULL) {
        fclose(status);
    }
    struct rusage usage;
    if (kilobytes == 0 && getrusage(RUSAGE_SELF, &usage) == 0) {
        kilobytes = usage.ru_maxrss;
    }
    return 1024.0 * (double)kilobytes;
}

static char *hdf5_version(struct arena *arena)
{
    unsigned major, minor, release;
    if (H5get_libversion(&major, &minor, &release) < 0) {
        return "";
    }
    return arena_format(arena, "%u.%u.%u", major, minor, release);
}

struct provenance *provenance_start(const struct provenance_source *source, struct arena *arena)
{
    static const char *const names[] = {"command",
                                        "version",
                                        "git",
                                        "compiler",
                                        "hdf5",
                                        "simgrid",
                                        "network_model",
                                        "seed",
                                        "start",
                                        "simulator_wall_s",
                                        "simulator_peak_bytes"};
    const char *const texts[FACT_COUNT] = {[FACT_COMMAND] = source->command,
                                           [FACT_VERSION] = source->version,
                                           [FACT_GIT] = source->git,
                                           [FACT_COMPILER] = source->compiler,
                                           [FACT_HDF5] = hdf5_version(arena),
                                           [FACT_SIMGRID] = source->simgrid,
                                           [FACT_SEED] = source->seed,
                                           [FACT_START] = now_utc(arena),
                                           [FACT_NETWORK_MODEL] = source->network_model};
    struct provenance *provenance = arena_alloc(arena, sizeof *provenance);
    for (int i = 0; i < FACT_COUNT; i++) {
        provenance->facts[i].name = names[i];
        provenance->facts[i].text = texts[i] == NULL ? "" : texts[i];
    }
    provenance->arena = arena;
    provenance->start_s = forward_clock_s();
    return provenance;
}

void provenance_seed(struct provenance *provenance, uint64_t seed)
{
    provenance->facts[FACT_SEED].text =
        arena_format(provenance->arena, "%llu", (unsigned long long)seed);
}

void provenance_end(struct provenance *provenance)
{
    struct arena *arena = provenance->arena;
    provenance->wall_s = forward_clock_s() - provenance->start_s;
    provenance->peak_bytes = peak_bytes();
    provenance->facts[FACT_WALL_S].text = arena_format(arena, "%.3f", provenance->wall_s);
    provenance->facts[FACT_PEAK_BYTES].text =
        arena_format(arena, "%.0f", provenance->peak_bytes);
}
