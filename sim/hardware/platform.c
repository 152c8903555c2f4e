/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a platform in three steps: what stands in the file (platform_document), what its
 * properties mean (platform_schema), how its chips are joined (platform_routes). */
#include "hardware/platform.h"

#include <stdlib.h>
#include <string.h>

#include "hardware/fabric.h"
#include "hardware/planes.h"
#include "hardware/platform_document.h"
#include "hardware/platform_routes.h"
#include "hardware/platform_schema.h"

/* A copied file whose zone kept the old name would give results under a wrong name. */
static bool check_name(const struct platform_document *document, struct error *error)
{
    const char *slash = strrchr(document->path, '/');
    const char *file = slash == NULL ? document->path : slash + 1;
    size_t length = strlen(document->name);
    if (strncmp(file, document->name, length) == 0 && strcmp(file + length, ".xml") == 0) {
        return true;
    }
    return platform_document_error(document, document->zone_place, error,
                                   "zone '%.60s' in file '%.60s', expected the same name; "
                                   "rename the file or the zone",
                                   document->name, file);
}

/* Groups of a tier must be whole groups of the tier below, or a chip's way up would split. The
 * last tier joins all, however many its groups would be. */
static bool check_tiers(const struct platform_document *document,
                        const struct platform *platform, struct error *error)
{
    if (platform->tier_count > 0 && platform->nic_up_Bps == NULL) {
        return platform_document_error(document, document->zone_place, error,
                                       "scale_out tiers but no router 'fabric'; add it with "
                                       "routes over the NICs, or remove the tiers");
    }
    if (platform->planes > PLANES_MOST) {
        return platform_document_error(document, document->zone_place, error,
                                       "scale_out.planes is %lld, expected at most %d",
                                       (long long)platform->planes, (int)PLANES_MOST);
    }
    for (int64_t i = 0; i < platform->tier_count; i++) {
        if (platform->tiers[i].rails > platform->chip_count) {
            return platform_document_error(
                document, document->zone_place, error,
                "scale_out.%d.rails is %lld, expected at most the %lld chips of a domain",
                (int)i + 1, (long long)platform->tiers[i].rails,
                (long long)platform->chip_count);
        }
    }
    for (int64_t i = 1; i < platform->tier_count; i++) {
        const struct tier *below = &platform->tiers[i - 1], *tier = &platform->tiers[i];
        bool last = i == platform->tier_count - 1;
        if (tier->domains < below->domains || (!last && tier->domains % below->domains != 0)) {
            return platform_document_error(
                document, document->zone_place, error,
                "scale_out.%d.domains is %lld, expected a multiple of the %lld of the tier "
                "below",
                (int)i + 1, (long long)tier->domains, (long long)below->domains);
        }
    }
    return true;
}

struct platform *platform_read(const char *path, struct arena *arena, struct error *error)
{
    struct platform_document *document = platform_document_read(path, arena, error);
    if (document == NULL || !check_name(document, error)) {
        return NULL;
    }
    struct platform *platform = arena_alloc(arena, sizeof *platform);
    platform->name = document->name;
    platform->path = document->path;
    platform->text = document->text;
    platform->text_size = document->text_size;
    if (!platform_schema_read(document, platform, error) ||
        !platform_routes_build(document, platform, error) ||
        !check_tiers(document, platform, error)) {
        return NULL;
    }
    fabric_prepare(platform, arena);
    return platform;
}

bool platform_check_domains(const struct platform *platform, struct error *error)
{
    long long wanted = platform->domain_count;
    if (wanted < 1) {
        return error_at(error, ERROR_INPUT, platform->path, 0, 0,
                        "%lld domains asked for, expected 1 or more", wanted);
    }
    if (wanted > 1 && (platform->tier_count == 0 || platform->nic_up_Bps == NULL)) {
        return error_at(error, ERROR_INPUT, platform->path, 0, 0,
                        "%lld %ss asked for, but the file has no scale-out network; use 1, or "
                        "add router 'fabric', NIC links and scale_out tiers",
                        wanted, platform->domain_noun);
    }
    long long most = wanted > 1 ? platform->tiers[platform->tier_count - 1].domains : 1;
    if (wanted > most) {
        return error_at(error, ERROR_INPUT, platform->path, 0, 0,
                        "%lld %ss asked for, but the last scale-out tier joins at most %lld; "
                        "use fewer, or add a tier",
                        wanted, platform->domain_noun, most);
    }
    return true;
}

const int32_t *platform_route(const struct platform *platform, int64_t from, int64_t to,
                              int32_t *count)
{
    int64_t pair = from * (platform->chip_count + 1) + to;
    *count = platform->route_start[pair + 1] - platform->route_start[pair];
    return &platform->route_links[platform->route_start[pair]];
}

int64_t platform_domain_named(const struct platform *platform, const char *name,
                              const char **inside)
{
    char *rest = NULL;
    long long domain = name[0] == 'u' ? strtoll(name + 1, &rest, 10) : -1;
    bool there = rest != NULL && rest != name + 1 && *rest == '.' && domain >= 0 &&
                 domain < platform->domain_count;
    *inside = there ? rest + 1 : NULL;
    return there ? domain : -1;
}

const struct property *platform_property(const struct platform *platform, const char *name)
{
    for (int64_t i = 0; i < platform->property_count; i++) {
        if (strcmp(platform->properties[i].name, name) == 0) {
            return &platform->properties[i];
        }
    }
    return NULL;
}

int64_t platform_all_chips(const struct platform *platform)
{
    return platform->chip_count * platform->domain_count;
}

int64_t platform_chips(const struct platform *platform)
{
    return platform_all_chips(platform) - platform->spare_chips;
}

const struct chip *platform_chip(const struct platform *platform, int64_t chip)
{
    return platform->chips[chip % platform->chip_count];
}

double platform_power_W(const struct platform *platform, double chip_W)
{
    double box_W =
        (chip_W + platform->power_overhead_per_chip_W) * (1 + platform->power_cooling_fraction);
    return platform->pue * (box_W + platform->power_scale_out_per_chip_W);
}
