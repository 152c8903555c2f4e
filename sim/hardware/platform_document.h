/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in a platform file, before anyone asks what it means: properties, hosts, routers,
 * links and routes in the file's order, names already looked up. Only the elements and
 * attributes of the schema (platforms/README.md) are accepted, each once and in its place. */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "hardware/name_index.h"
#include "hardware/platform.h"

struct document_prop {
    const char *name, *value;
    int64_t place; /* bytes from the file's start, for platform_document_error() */
    int line;
};

struct document_host {
    const char *name, *chip; /* chip: the type, NULL when the host has no such property */
    int64_t place, chip_place;
};

struct document_link {
    const char *name;
    double raw_Bps, latency_s;
    enum link_policy policy;
    bool duplex;   /* two directions: numbers first (UP) and first + 1 (DOWN) */
    int32_t first; /* number of the directed link */
    int64_t place;
};

struct document_route { /* small: there are ten thousand in a file */
    int32_t from, to;   /* a host's number, or -1 - the router's */
    int32_t start;      /* into hops */
    int32_t place;
    int16_t count;
    bool both_ways;
};

struct platform_document {
    const char *path, *text;
    size_t text_size;
    struct arena *arena;
    const char *name; /* of the zone */
    int64_t zone_place;
    struct document_prop *props;
    struct document_host *hosts;
    const char **routers;
    struct document_link *links;
    struct document_route *routes;
    int32_t *hops; /* directed links of all routes */
    int64_t prop_count, host_count, router_count, link_count, route_count, hop_count;
    int32_t directed_count; /* directed links */
    struct name_index prop_names, node_names, link_names;
};

/* NULL and an INPUT or SYSTEM error when the file cannot be read or is not of the schema. */
struct platform_document *platform_document_read(const char *path, struct arena *arena,
                                                 struct error *error);

/* Fills an INPUT error at a place in the file. Always false. */
bool platform_document_error(const struct platform_document *document, int64_t place,
                             struct error *error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
