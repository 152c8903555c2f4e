/* SPDX-License-Identifier: Apache-2.0 */
/* SimGrid's C functions can start its engine only; the C++ that they call can also end it, but
 * leaves the clock where it was, and itself among those who are called. Those functions are
 * looked up by name: another SimGrid may have others, and then nothing is ended. */
#define _GNU_SOURCE /* RTLD_DEFAULT */
#include "engine/renewal.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#include <simgrid/engine.h>
#include <simgrid/version.h>

#if defined(__SANITIZE_ADDRESS__)
enum { SANITIZED = 1 }; /* actors are threads there, which SimGrid does not wait for */
#else
enum { SANITIZED = 0 };
#endif
enum { ENGINE_BYTES = 8 };  /* of simgrid::s4u::Engine 3.32: a pointer */
enum { SIGNAL_BYTES = 56 }; /* of simgrid::xbt::signal: a std::unordered_map */

struct renewal {
    void *(*allocate)(size_t size);
    void (*create)(void *engine, int *count, char **arguments);
    void (*shut_down)(void);
    double *clock_s;
    unsigned char *created; /* who is called when a platform was loaded */
};

/* Functions and objects share one kind of address in POSIX, not in ISO C. */
static bool look_up(const char *name, void *into)
{
    void *address = dlsym(RTLD_DEFAULT, name);
    memcpy(into, &address, sizeof address);
    return address != NULL;
}

static bool find(struct renewal *renewal)
{
    int major, minor, patch;
    sg_version_get(&major, &minor, &patch);
    return !SANITIZED && major == 3 && minor == 32 && look_up("_Znwm", &renewal->allocate) &&
           look_up("_ZN7simgrid3s4u6EngineC1EPiPPc", &renewal->create) &&
           look_up("_ZN7simgrid3s4u6Engine8shutdownEv", &renewal->shut_down) &&
           look_up("_ZN7simgrid6kernel10EngineImpl4now_E", &renewal->clock_s) &&
           look_up("_ZN7simgrid3s4u6Engine19on_platform_createdE", &renewal->created);
}

/* Each engine has itself called when a platform was loaded, also after its end. */
static unsigned char nobody[SIGNAL_BYTES];

void renewal_begin(int *count, char **arguments)
{
    struct renewal renewal;
    if (find(&renewal)) {
        memcpy(nobody, renewal.created, sizeof nobody);
        renewal.create(renewal.allocate(ENGINE_BYTES), count, arguments);
    } else {
        simgrid_init(count, arguments);
    }
}

bool renewal_end(void)
{
    struct renewal renewal;
    if (!find(&renewal)) {
        return false;
    }
    renewal.shut_down();
    *renewal.clock_s = 0;
    memcpy(renewal.created, nobody, sizeof nobody);
    return true;
}
