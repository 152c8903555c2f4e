/* SPDX-License-Identifier: Apache-2.0 */
/* The property table, and what can be said of it without a file. */
#include "hardware/platform_schema_rows.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "hardware/platform.h"
#include "hardware/platform_schema.h"

#define PLATFORM(name, unit, range, field, required, meaning)                                  \
    {                                                                                          \
        name, SCOPE_PLATFORM, unit, range, offsetof(struct platform, field), false, required,  \
            meaning                                                                            \
    }
#define CHIP(name, unit, range, field, required, meaning)                                      \
    {                                                                                          \
        "chip.*." name, SCOPE_CHIP, unit, range, offsetof(struct chip, field), false,          \
            required, meaning                                                                  \
    }
#define MEDIUM(name, unit, range, field, meaning)                                              \
    {                                                                                          \
        "medium.*." name, SCOPE_MEDIUM, unit, range, offsetof(struct medium, field), false,    \
            true, meaning                                                                      \
    }
#define TIER(name, unit, range, field, meaning)                                                \
    {                                                                                          \
        "scale_out.*." name, SCOPE_TIER, unit, range, offsetof(struct tier, field),            \
            (unit) == UNIT_COUNT, true, meaning                                                \
    }
#define PROTOCOL(name, unit, range, field, meaning)                                            \
    {                                                                                          \
        "protocol.*." name, SCOPE_PROTOCOL, unit, range, offsetof(struct protocol, field),     \
            false, true, meaning                                                               \
    }
#define PUBLISHED(name, unit, meaning)                                                         \
    {                                                                                          \
        "published." name, SCOPE_PUBLISHED, unit, RANGE_POSITIVE, 0, false, false, meaning     \
    }

#define FLOPS   UNIT_FLOPS_PER_S
#define BPS     UNIT_BYTES_PER_S
#define RATE(D) headline_flops_per_s[D]
#define PEAK(D) array_flops_per_s[D]

/* clang-format off */
const struct schema_row platform_schema_rows[] = {
    PLATFORM("title", UNIT_TEXT, RANGE_ANY, title, true, "the machine's name for people"),
    PLATFORM("domain_noun", UNIT_TEXT, RANGE_ANY, domain_noun, true,
             "what one scale-up domain is called: UltraServer, rack, server"),
    {"domain_count", SCOPE_PLATFORM, UNIT_COUNT, RANGE_POSITIVE,
     offsetof(struct platform, domain_count), true, false,
     "how many domains there are unless the command line says otherwise; 1 when left out"},
    CHIP("title", UNIT_TEXT, RANGE_ANY, title, true, "the chip's name for people"),
    CHIP("family", UNIT_TEXT, RANGE_FAMILY, family, true,
         "how it multiplies matrices: trainium, gpu or tpu"),
    CHIP("headline_fp32", FLOPS, RANGE_ANY, RATE(DTYPE_FP32), false, "dense FP32 peak as published"),
    CHIP("headline_bf16", FLOPS, RANGE_POSITIVE, RATE(DTYPE_BF16), true, "dense BF16 peak as published"),
    CHIP("headline_fp8", FLOPS, RANGE_ANY, RATE(DTYPE_FP8), false, "dense FP8 peak as published"),
    CHIP("headline_fp4", FLOPS, RANGE_ANY, RATE(DTYPE_FP4), false, "dense FP4 peak as published"),
    CHIP("array_fp32", FLOPS, RANGE_POSITIVE, PEAK(DTYPE_FP32), false,
         "what the FP32 arithmetic units can do: the roofline; the headline when left out"),
    CHIP("array_bf16", FLOPS, RANGE_POSITIVE, PEAK(DTYPE_BF16), false, "the same for BF16"),
    CHIP("array_fp8", FLOPS, RANGE_POSITIVE, PEAK(DTYPE_FP8), false, "the same for FP8"),
    CHIP("array_fp4", FLOPS, RANGE_POSITIVE, PEAK(DTYPE_FP4), false, "the same for FP4"),
    CHIP("hbm_size", UNIT_BYTES, RANGE_POSITIVE, hbm_bytes, true, "memory of one chip"),
    CHIP("hbm_bandwidth", BPS, RANGE_POSITIVE, hbm_Bps, true, "peak memory bandwidth of one chip"),
    CHIP("matmul_efficiency", UNIT_FRACTION, RANGE_SHARE, matmul_efficiency_fraction, true,
         "part of the array peak that full tiles of a matrix multiplication reach at full clock"),
    CHIP("attention_efficiency", UNIT_FRACTION, RANGE_SHARE, attention_efficiency_fraction, true,
         "part of the array peak that the products of fused attention reach at full clock"),
    CHIP("matmul_efficiency_fp8", UNIT_FRACTION, RANGE_SHARE, matmul_efficiency_fp8_fraction, false,
         "the same with FP8 and FP4 operands; matmul_efficiency when left out"),
    CHIP("matmul_efficiency_fp4", UNIT_FRACTION, RANGE_SHARE, matmul_efficiency_fp4_fraction, false,
         "the same with FP4 operands; that of FP8 when left out"),
    CHIP("tile_fill", UNIT_SECONDS, RANGE_ANY, tile_fill_s, false,
         "time to fill and drain a unit's pipeline, once for each round of tiles"),
    CHIP("roofline_exponent", UNIT_FRACTION, RANGE_FACTOR, roofline_exponent, false,
         "p: arithmetic and traffic together take (a^p + t^p)^(1/p); the slower when left out"),
    CHIP("sustained_clock", UNIT_FRACTION, RANGE_SHARE, sustained_clock_fraction, false,
         "part of the arithmetic rate that steady work on real data keeps; 1 when left out"),
    CHIP("attention_score", UNIT_SECONDS, RANGE_ANY, attention_score_s, false,
         "time of one score on one unit beside its products: softmax"),
    CHIP("attention_memory", UNIT_FRACTION, RANGE_SHARE, attention_memory_fraction, false,
         "part of the memory bandwidth that fused attention reaches; hbm_efficiency when left out"),
    CHIP("attention_backward", UNIT_FRACTION, RANGE_FACTOR, attention_backward, false,
         "time of fused attention backward over forward; 2.5 when left out"),
    CHIP("attention_block", UNIT_SECONDS, RANGE_ANY, attention_block_s, false,
         "decoding: fixed time of one sequence and KV head on one unit"),
    CHIP("attention_turn", UNIT_SECONDS, RANGE_ANY, attention_turn_s, false,
         "turning a byte-wide key and value of 128 columns on one unit; none when left out"),
    CHIP("hbm_efficiency", UNIT_FRACTION, RANGE_SHARE, hbm_efficiency_fraction, true,
         "part of the memory bandwidth that streaming reaches"),
    CHIP("conversion_efficiency", UNIT_FRACTION, RANGE_SHARE, conversion_efficiency_fraction, false,
         "part of that rate of conversions that find scales of blocks; all when left out"),
    CHIP("op_overhead", UNIT_SECONDS, RANGE_ANY, op_overhead_s, true,
         "time per kernel that is not hidden"),
    CHIP("tile_m", UNIT_COUNT, RANGE_POSITIVE, tile_m, true,
         "rows of the output tile that one unit works on"),
    CHIP("tile_n", UNIT_COUNT, RANGE_POSITIVE, tile_n, true, "columns of that tile"),
    CHIP("tile_k", UNIT_COUNT, RANGE_POSITIVE, tile_k, true, "depth of one step of the sum"),
    CHIP("tile_issue", UNIT_COUNT, RANGE_POSITIVE, tile_issue, false,
         "least columns that one step of a systolic array costs"),
    CHIP("unit_count", UNIT_COUNT, RANGE_POSITIVE, unit_count, true,
         "units that take tiles: SMs or cores"),
    CHIP("communication_compute", UNIT_FRACTION, RANGE_PART, communication_compute_fraction, true,
         "part of the compute that is lost while collectives run beside it"),
    CHIP("reserved_memory", UNIT_BYTES, RANGE_ANY, reserved_bytes, true,
         "memory taken by driver, runtime and libraries"),
    CHIP("idle_power", UNIT_WATTS, RANGE_ANY, idle_W, true, "power of an idle chip"),
    CHIP("tdp", UNIT_WATTS, RANGE_POSITIVE, tdp_W, true, "power of a busy chip"),
    CHIP("evidence_training", UNIT_FRACTION, RANGE_POSITIVE, evidence, false,
         "measured over simulated time of training steps; the answer's range is from .low to .high"),
    CHIP("evidence_experts", UNIT_FRACTION, RANGE_POSITIVE, evidence, false,
         "the same of models with experts"),
    CHIP("evidence_tokens", UNIT_FRACTION, RANGE_POSITIVE, evidence, false,
         "the same of the time per token in serving, or of throughput's inverse"),
    CHIP("evidence_first_token", UNIT_FRACTION, RANGE_POSITIVE, evidence, false,
         "the same of the time to the first token"),
    CHIP("evidence_collectives", UNIT_FRACTION, RANGE_POSITIVE, evidence, false,
         "the same of collectives"),
    MEDIUM("title", UNIT_TEXT, RANGE_ANY, title, "what kind of link this is, for people"),
    MEDIUM("bandwidth", BPS, RANGE_POSITIVE, raw_Bps, "raw rate of a healthy link, per direction"),
    MEDIUM("efficiency", UNIT_FRACTION, RANGE_SHARE, efficiency_fraction,
           "part of the raw rate that payload gets"),
    MEDIUM("latency", UNIT_SECONDS, RANGE_ANY, latency_s, "time to cross a healthy link"),
    {"scale_out.planes", SCOPE_PLATFORM, UNIT_COUNT, RANGE_POSITIVE,
     offsetof(struct platform, planes), true, false,
     "separate networks between the NICs, over which each NIC sprays its bytes equally; 1 when left out"},
    TIER("name", UNIT_TEXT, RANGE_ANY, name, "what the tier is called"),
    TIER("domains", UNIT_COUNT, RANGE_POSITIVE, domains, "scale-up domains in one group of the tier"),
    TIER("rails", UNIT_COUNT, RANGE_POSITIVE, rails,
         "separate switches, by chip index modulo rails; 1: all chips of a group meet"),
    TIER("oversubscription", UNIT_FRACTION, RANGE_FACTOR, oversubscription,
         "NIC rate below over trunk rate above; no effect in the last tier"),
    TIER("latency", UNIT_SECONDS, RANGE_ANY, latency_s, "one pass through a switch of the tier"),
    PLATFORM("collective.launch", UNIT_SECONDS, RANGE_ANY, collective_launch_s, true,
             "software time of one collective"),
    PLATFORM("collective.step", UNIT_SECONDS, RANGE_ANY, collective_step_s, true,
             "software time of one step inside a domain, beside link latency"),
    PLATFORM("collective.step_scale_out", UNIT_SECONDS, RANGE_ANY, collective_step_scale_out_s,
             true, "software time of one step between domains, beside link latency"),
    PLATFORM("collective.own_copy", UNIT_FRACTION, RANGE_POSITIVE, collective_own_copy_fraction, false,
             "part of the rate of copies in memory at which a chip moves its own part of a gather or scatter; nothing when left out"),
    PLATFORM("collective.pair_copy", UNIT_FRACTION, RANGE_POSITIVE, collective_pair_copy_fraction, false,
             "the same for the buffers of an all-to-all, all parts"),
    PLATFORM("collective.pair_protocols", UNIT_TEXT, RANGE_ANY, collective_pair_protocols, false,
             "names of the protocols that all-to-all and send-receive use; all when left out"),
    PLATFORM("collective.host", UNIT_SECONDS, RANGE_ANY, collective_host_s, false,
             "what is added when the host waits for each collective, as some benchmarks do"),
    PLATFORM("collective.algorithms", UNIT_TEXT, RANGE_ANY, collective_algorithms, false,
             "those that the library chooses among; all when left out"),
    PROTOCOL("efficiency", UNIT_FRACTION, RANGE_SHARE, efficiency_fraction,
             "payload over what the links carry for it by this protocol"),
    PROTOCOL("step", UNIT_SECONDS, RANGE_ANY, step_s,
             "software time of one step inside a domain, in place of collective.step"),
    PROTOCOL("step_scale_out", UNIT_SECONDS, RANGE_ANY, step_scale_out_s,
             "the same between domains"),
    PROTOCOL("slice", UNIT_BYTES, RANGE_ANY, slice_bytes,
             "most that must have come in before a chip passes it on"),
    PROTOCOL("slice_scale_out", UNIT_BYTES, RANGE_ANY, slice_scale_out_bytes,
             "the same between domains"),
    PLATFORM("in_switch.efficiency", UNIT_FRACTION, RANGE_SHARE, in_switch.efficiency_fraction, false,
             "payload of an all-reduce in the switch over link payload; left out: it cannot reduce"),
    PLATFORM("in_switch.tuned", UNIT_FRACTION, RANGE_SHARE, in_switch_tuned_fraction, false,
             "size over time of such an all-reduce over a link's rate, as the library assumes to choose"),
    PLATFORM("in_switch.step", UNIT_SECONDS, RANGE_ANY, in_switch.step_s, false,
             "software time of its two steps, each"),
    PLATFORM("in_switch.step_scale_out", UNIT_SECONDS, RANGE_ANY, in_switch.step_scale_out_s, false,
             "software time of one step of the tree between domains"),
    PLATFORM("in_switch.slice", UNIT_BYTES, RANGE_ANY, in_switch.slice_bytes, false,
             "most that must have come in before it is passed on"),
    PLATFORM("in_switch.slice_scale_out", UNIT_BYTES, RANGE_ANY, in_switch.slice_scale_out_bytes, false,
             "the same between domains"),
    PLATFORM("storage.host.size", UNIT_BYTES, RANGE_POSITIVE, host.bytes, false,
             "the host's memory: a chip's share"),
    PLATFORM("storage.host.bandwidth", BPS, RANGE_POSITIVE, host.Bps, false,
             "rate of the host's memory to a chip; left out: there is none"),
    PLATFORM("storage.host.latency", UNIT_SECONDS, RANGE_ANY, host.latency_s, false,
             "time of the host's memory until the first byte comes"),
    PLATFORM("storage.ssd.size", UNIT_BYTES, RANGE_POSITIVE, ssd.bytes, false,
             "the host's drives: a chip's share"),
    PLATFORM("storage.ssd.bandwidth", BPS, RANGE_POSITIVE, ssd.Bps, false,
             "rate of the host's drives to a chip; left out: there is none"),
    PLATFORM("storage.ssd.latency", UNIT_SECONDS, RANGE_ANY, ssd.latency_s, false,
             "time of the host's drives until the first byte comes"),
    PLATFORM("storage.shared.bandwidth", BPS, RANGE_POSITIVE, shared.Bps, false,
             "rate of a store on the network to a chip; left out: there is none"),
    PLATFORM("storage.shared.total", BPS, RANGE_POSITIVE, shared.total_Bps, false,
             "rate of that store to all chips of a job; left out: no bound"),
    PLATFORM("storage.shared.latency", UNIT_SECONDS, RANGE_ANY, shared.latency_s, false,
             "time of a store on the network until the first byte comes"),
    PLATFORM("host.chips", UNIT_FRACTION, RANGE_FACTOR, reliability.host_chips, false,
             "chips of one host"),
    PLATFORM("failure.taken_chips", UNIT_FRACTION, RANGE_FACTOR, reliability.taken_chips, false,
             "chips that leave with a dead one: its host, or all that its topology needs"),
    PLATFORM("failure.chip", UNIT_SECONDS, RANGE_POSITIVE, reliability.chip_s, false,
             "mean time to failure of a chip and its memory"),
    PLATFORM("failure.host", UNIT_SECONDS, RANGE_POSITIVE, reliability.host_s, false,
             "the same of a host"),
    PLATFORM("failure.network", UNIT_SECONDS, RANGE_POSITIVE, reliability.network_s, false,
             "the same of a chip's share of NICs, cables and switches"),
    PLATFORM("failure.software", UNIT_SECONDS, RANGE_POSITIVE, reliability.software_s, false,
             "the same of a chip's share of what programs do wrong"),
    PLATFORM("failure.domain", UNIT_SECONDS, RANGE_POSITIVE, reliability.domain_s, false,
             "the same of what all chips of a domain need: power, coolant, switches"),
    PLATFORM("failure.common_share", UNIT_FRACTION, RANGE_SHARE, reliability.common_share, false,
             "share of the failures of chips and hosts that take all of their rack (beta factor)"),
    PLATFORM("failure.rack_chips", UNIT_FRACTION, RANGE_FACTOR, reliability.rack_chips, false,
             "chips of one rack, that a common cause takes"),
    PLATFORM("failure.shape", UNIT_FRACTION, RANGE_POSITIVE, reliability.shape, false,
             "Weibull shape of the gaps between failures; 1 or left out: exponential"),
    PLATFORM("failure.slow", UNIT_SECONDS, RANGE_POSITIVE, reliability.slow_s, false,
             "time until a chip becomes slow and nobody is told"),
    PLATFORM("failure.slow_speed", UNIT_FRACTION, RANGE_SHARE, reliability.slow_speed, false,
             "speed of the job then"),
    PLATFORM("failure.slow_notice", UNIT_SECONDS, RANGE_ANY, reliability.slow_notice_s, false,
             "until it is noticed"),
    PLATFORM("power.overhead_per_chip", UNIT_WATTS, RANGE_ANY, power_overhead_per_chip_W, true,
             "hosts, switches and NICs, shared out to chips; fans too when power.cooling is left out"),
    PLATFORM("power.host_per_chip", UNIT_WATTS, RANGE_ANY, power_host_per_chip_W, false,
             "of that, the hosts"),
    PLATFORM("power.scale_out_per_chip", UNIT_WATTS, RANGE_ANY, power_scale_out_per_chip_W, false,
             "switches and optics of the scale-out network beside the box"),
    PLATFORM("power.cooling", UNIT_FRACTION, RANGE_ANY, power_cooling_fraction, false,
             "fans and losses of supplies, over the power of all else in the box"),
    PLATFORM("power.pue", UNIT_FRACTION, RANGE_FACTOR, pue, true,
             "power of the site over power of its machines"),
    PUBLISHED("peak_*", FLOPS, "dense peak of a domain by dtype, as published: peak_fp8"),
    PUBLISHED("hbm_size*", UNIT_BYTES, "memory of a domain, as published"),
    PUBLISHED("hbm_bandwidth*", BPS, "memory bandwidth of a domain, as published"),
    PUBLISHED("scale_up_bandwidth*", BPS,
              "raw link rate of a domain's chips, one direction, as published"),
    PUBLISHED("scale_out_bandwidth*", BPS,
              "raw NIC rate of a domain, one direction, as published"),
    PUBLISHED("bisection_bandwidth*", BPS,
              "raw rate from one half of a domain to the other, as published"),
    PUBLISHED("power*", UNIT_WATTS, "power of a domain, as published"),
};
/* clang-format on */
const int platform_schema_row_count =
    sizeof platform_schema_rows / sizeof platform_schema_rows[0];

static bool key_is_good(const struct schema_row *row, const char *key, int length)
{
    if (row->scope == SCOPE_PUBLISHED) { /* "_keynote" behind a known name, or nothing */
        return strncmp(row->pattern, "published.peak_", 15) == 0 ? length > 0
                                                                 : length == 0 || *key == '_';
    }
    for (int i = 0; i < length; i++) {
        bool dash = key[i] == '-' && row->scope == SCOPE_CHIP; /* ends a medium's name */
        if (!isalnum((unsigned char)key[i]) && key[i] != '_' && !dash) {
            return false;
        }
    }
    return length > 0;
}

static bool row_matches(const struct schema_row *row, const char *name, const char **key,
                        int *key_length)
{
    const char *star = strchr(row->pattern, '*');
    *key = name;
    *key_length = 0;
    if (star == NULL) {
        return strcmp(row->pattern, name) == 0;
    }
    size_t head = (size_t)(star - row->pattern), tail = strlen(star + 1), length = strlen(name);
    if (length < head + tail || strncmp(name, row->pattern, head) != 0 ||
        strcmp(name + length - tail, star + 1) != 0) {
        return false;
    }
    *key = name + head;
    *key_length = (int)(length - head - tail);
    return key_is_good(row, *key, *key_length);
}

const struct schema_row *platform_schema_row(const char *name, const char **key,
                                             int *key_length)
{
    for (int i = 0; i < platform_schema_row_count; i++) {
        if (row_matches(&platform_schema_rows[i], name, key, key_length)) {
            return &platform_schema_rows[i];
        }
    }
    return NULL;
}

enum { NEAREST_LENGTH = 64 };

/* Edits between two names (Levenshtein). */
static int distance(const char *a, const char *b)
{
    int row[NEAREST_LENGTH + 1];
    int width = (int)strlen(b);
    for (int j = 0; j <= width; j++) {
        row[j] = j;
    }
    for (int i = 1; a[i - 1] != '\0'; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= width; j++) {
            int change = diagonal + (a[i - 1] != b[j - 1]);
            int other = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = change < other ? change : other;
        }
    }
    return row[width];
}

/* The pattern with the key that name has in the same place, or a '*' left when it has none. */
static void fill_pattern(const char *pattern, const char *name, char *text, size_t size)
{
    const char *star = strchr(pattern, '*');
    const char *first_dot = strchr(name, '.');
    const char *second_dot = first_dot == NULL ? NULL : strchr(first_dot + 1, '.');
    if (star == NULL || star[1] == '\0' || second_dot == NULL) {
        snprintf(text, size, "%s", pattern);
        return;
    }
    snprintf(text, size, "%.*s%.*s%s", (int)(star - pattern), pattern,
             (int)(second_dot - first_dot - 1), first_dot + 1, star + 1);
}

void platform_schema_nearest(const char *name, char *text, size_t size)
{
    char cut[NEAREST_LENGTH], candidate[NEAREST_LENGTH], best[2][NEAREST_LENGTH] = {"", ""};
    int least[2] = {1000, 1000};
    snprintf(cut, sizeof cut, "%s", name);
    for (int i = 0; i < platform_schema_row_count; i++) {
        fill_pattern(platform_schema_rows[i].pattern, cut, candidate, sizeof candidate);
        int far = distance(cut, candidate);
        int slot = far < least[0] ? 0 : far < least[1] ? 1 : 2;
        if (slot == 0) {
            least[1] = least[0];
            memcpy(best[1], best[0], sizeof best[1]);
        }
        if (slot < 2) {
            least[slot] = far;
            memcpy(best[slot], candidate, sizeof candidate);
        }
    }
    snprintf(text, size, "%s or %s", best[0], best[1]);
}

const char *platform_schema_meaning(const char *name)
{
    const char *key;
    int length;
    const struct schema_row *row = platform_schema_row(name, &key, &length);
    return row == NULL ? "" : row->meaning;
}

void platform_schema_print(FILE *file)
{
    fputs("| Property | Unit | Required | Meaning |\n|---|---|---|---|\n", file);
    for (int i = 0; i < platform_schema_row_count; i++) {
        const struct schema_row *row = &platform_schema_rows[i];
        const char *unit = row->unit == UNIT_TEXT       ? "text"
                           : row->unit == UNIT_COUNT    ? "whole number"
                           : row->unit == UNIT_FRACTION ? "number"
                                                        : units_name(row->unit);
        fprintf(file, "| `%s` | %s | %s | %s |\n", row->pattern, unit,
                row->required ? "yes" : "no", row->meaning);
    }
}
