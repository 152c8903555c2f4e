/* SPDX-License-Identifier: Apache-2.0 */
/* Flow detail keeps to its bounds of message detail: MODEL.md, "Flow and message detail". The
 * 1 GiB ring against its closed form; drawn collectives on drawn machines and on shipped ones.
 */
#include "execution/transport.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "program/lower_collective.h"
#include "support/machine.h"
#include "support/outcome.h"
#include "support/support.h"

enum { CASES = 100, CHIPS_MAX = 16, SEED = 1 };

/* Of SimGrid's clock and of the fluid model: each event is good to so much. */
static const double resolution_s = 1e-12;

static const struct outcome_way at_flow = {DETAIL_FLOW, false},
                                at_message = {DETAIL_MESSAGE, false};

static double run_s(const struct job *job, struct outcome_way way)
{
    const struct outcome *outcome = outcome_of(job, way);
    return outcome->ran ? outcome->time_s : -1;
}

/* The bounds */

struct bounds {
    double launch_s;
    double latencies_s; /* sum over rounds of the longest delay */
    double links_s;     /* of the link that is busiest over all stages */
    double positions_s; /* of the participant whose own rounds last longest */
    double upper_s;     /* with every link as crowded as it ever can be */
    double crowding_s;  /* of one stage: sum over rounds of its bytes */
};

struct weigher { /* scratch for one exchange */
    const struct job *job;
    const struct traffic *traffic;
    double *link_bytes;    /* [wire]: of all stages */
    int64_t *link_flows;   /* [wire]: of one stage */
    int64_t *link_crowd;   /* [wire]: the most flows at once, whatever the stages */
    int64_t *sender_flows; /* [position x wire]: the most of one stage */
};

static double capacity_Bps(const struct weigher *weigher, const struct crossing *crossing)
{
    return weigher->job->network.wiring.wires[crossing->wire].capacity_Bps;
}

/* Adds flows of a stage up: per link, and per sender and link. */
static void weigh_stage(struct weigher *weigher, const struct traffic_stage *stage,
                        struct arena *arena)
{
    const struct wiring *wiring = &weigher->job->network.wiring;
    int64_t *own = arena_array(arena, weigher->traffic->position_count * wiring->wire_count + 1,
                               sizeof(int64_t));
    memset(weigher->link_flows, 0, (size_t)wiring->wire_count * sizeof(int64_t));
    for (int64_t f = 0; f < stage->flow_count; f++) {
        const struct pair *pair = &wiring->pairs[stage->flows[f].pair];
        for (int32_t c = pair->first; c < pair->first + pair->count; c++) {
            int32_t wire = wiring->crossings[c].wire;
            int64_t at = stage->flows[f].from * wiring->wire_count + wire;
            own[at]++;
            weigher->link_flows[wire]++;
            weigher->link_bytes[wire] += stage->flows[f].bytes * (double)stage->rounds;
            if (own[at] > weigher->sender_flows[at]) {
                weigher->sender_flows[at] = own[at];
                weigher->link_crowd[wire]++;
            }
        }
    }
}

/* Time of a flow's bytes on the worst of its links, shared by so many ([wire]; NULL: alone). */
static double flow_s(const struct weigher *weigher, const struct flow *flow,
                     const int64_t *sharers)
{
    const struct wiring *wiring = &weigher->job->network.wiring;
    const struct pair *pair = &wiring->pairs[flow->pair];
    double longest_s = 0;
    for (int32_t c = pair->first; c < pair->first + pair->count; c++) {
        const struct crossing *crossing = &wiring->crossings[c];
        bool alone = sharers == NULL || wiring->wires[crossing->wire].fatpipe;
        double count = alone ? 1 : (double)sharers[crossing->wire];
        longest_s = fmax(longest_s, flow->bytes * count / capacity_Bps(weigher, crossing));
    }
    return longest_s;
}

static double delay_s(const struct weigher *weigher, const struct flow *flow)
{
    return weigher->job->network.pair_latency_s[flow->pair] +
           weigher->job->platform->collective_step_s;
}

static double longest_position_s(const struct weigher *weigher, struct arena *arena)
{
    const struct traffic *traffic = weigher->traffic;
    double *sum_s = arena_array(arena, traffic->position_count, sizeof(double));
    double longest_s = 0;
    for (int64_t s = 0; s < traffic->stage_count; s++) {
        const struct traffic_stage *stage = &traffic->stages[s];
        double *round_s = arena_array(arena, traffic->position_count, sizeof(double));
        for (int64_t f = 0; f < stage->flow_count; f++) {
            const struct flow *each = &stage->flows[f];
            double time_s = delay_s(weigher, each) + flow_s(weigher, each, NULL);
            round_s[each->from] = fmax(round_s[each->from], time_s);
            round_s[each->to] = fmax(round_s[each->to], time_s);
        }
        for (int64_t p = 0; p < traffic->position_count; p++) {
            sum_s[p] += round_s[p] * (double)stage->rounds;
            longest_s = fmax(longest_s, sum_s[p]);
        }
    }
    return longest_s;
}

static void weigh_rounds(struct weigher *weigher, struct bounds *bounds)
{
    for (int64_t s = 0; s < weigher->traffic->stage_count; s++) {
        const struct traffic_stage *stage = &weigher->traffic->stages[s];
        double crowded_s = 0, shared_s = 0, rounds = (double)stage->rounds;
        for (int64_t f = 0; f < stage->flow_count; f++) {
            crowded_s = fmax(crowded_s, flow_s(weigher, &stage->flows[f], weigher->link_crowd));
            shared_s = fmax(shared_s, flow_s(weigher, &stage->flows[f], weigher->link_flows));
        }
        bounds->latencies_s += rounds * stage->round_s;
        bounds->crowding_s += rounds * shared_s; /* right for one stage only */
        bounds->upper_s += rounds * (stage->round_s + crowded_s);
    }
}

static struct bounds weigh(const struct job *job, struct arena *arena)
{
    const struct wiring *wiring = &job->network.wiring;
    struct weigher weigher = {.job = job, .traffic = job_exchange(job, 0, 0)};
    struct bounds bounds = {.launch_s = weigher.traffic->launch_s};
    weigher.link_bytes = arena_array(arena, wiring->wire_count, sizeof(double));
    weigher.link_flows = arena_array(arena, wiring->wire_count, sizeof(int64_t));
    weigher.link_crowd = arena_array(arena, wiring->wire_count, sizeof(int64_t));
    weigher.sender_flows = arena_array(
        arena, weigher.traffic->position_count * wiring->wire_count, sizeof(int64_t));
    for (int64_t s = 0; s < weigher.traffic->stage_count; s++) {
        weigh_stage(&weigher, &weigher.traffic->stages[s], arena);
    }
    for (int64_t w = 0; w < wiring->wire_count; w++) {
        if (!wiring->wires[w].fatpipe) {
            bounds.links_s =
                fmax(bounds.links_s, weigher.link_bytes[w] / wiring->wires[w].capacity_Bps);
        }
    }
    bounds.positions_s = longest_position_s(&weigher, arena);
    weigh_rounds(&weigher, &bounds);
    return bounds;
}

/* low <= value <= high, up to rounding and the clock of a hundred rounds. */
static bool between(double low, double value, double high)
{
    double slack_s = 1e-9 * high + 100 * resolution_s;
    bool right = low - slack_s <= value && value <= high + slack_s;
    if (!right) {
        printf("\n    %.12g is not between %.12g and %.12g", value, low, high);
    }
    return right;
}

/* One stage: message <= flow <= message + the lesser of all latencies and all bytes. Several:
 * both between the same bounds. */
static bool keeps_bounds(const struct job *job)
{
    struct arena *arena = arena_create();
    struct bounds bounds = weigh(job, arena);
    double flow_time_s = run_s(job, at_flow), message_s = run_s(job, at_message);
    double low_s = bounds.launch_s + fmax(bounds.links_s, bounds.positions_s);
    double high_s = bounds.launch_s + bounds.upper_s;
    bool right = between(low_s, flow_time_s, high_s) && between(low_s, message_s, high_s) &&
                 fabs(flow_time_s - job_exchange(job, 0, 0)->alone_s) <=
                     1e-9 * flow_time_s + 10 * resolution_s;
    if (job_exchange(job, 0, 0)->stage_count == 1) {
        double apart_s = fmin(bounds.latencies_s, bounds.crowding_s);
        right = right && between(message_s, flow_time_s, message_s + apart_s);
    }
    arena_free(arena);
    return right;
}

static struct job *collective_job(const struct platform *platform,
                                  const struct collective_request *request, struct arena *arena)
{
    struct error error = {0};
    struct job *job = lower_collective(platform, request, arena, &error);
    return job != NULL && exchanges_plan_all(job, &error) ? job : NULL;
}

static void draw(struct random_stream *stream, struct collective_request *request)
{
    static const char *const names[] = {"auto",   "ring",         "halving-doubling",
                                        "direct", "hierarchical", "tree"};
    request->operation =
        (enum collective_operation)random_below(stream, COLLECTIVE_SEND_RECEIVE);
    request->bytes = exp(random_uniform(stream) * 20);
    request->algorithm = names[random_below(stream, 6)];
}

static void check(const struct platform *platform, const struct collective_request *drawn,
                  int number)
{
    struct arena *arena = arena_create();
    struct collective_request request = *drawn;
    struct job *job = collective_job(platform, &request, arena);
    if (job == NULL) { /* the algorithm cannot do it */
        request.algorithm = "auto";
        job = collective_job(platform, &request, arena);
    }
    bool right = job != NULL && keeps_bounds(job);
    if (!right) {
        printf("\n    case %d of seed %d: %s by %s of %.0f bytes on %lld chips of %s", number,
               SEED, collective_operation_name(request.operation), request.algorithm,
               request.bytes, (long long)request.chips, platform->name);
    }
    CU_ASSERT(right);
    arena_free(arena);
}

static void test_drawn_machines(void)
{
    struct random_stream stream;
    random_init(&stream, SEED, "detail");
    for (int i = 0; i < CASES; i++) {
        struct arena *arena = arena_create();
        struct collective_request request = {.chips = 2 + random_below(&stream, CHIPS_MAX - 1)};
        draw(&stream, &request);
        check(machine_draw(&stream, request.chips, arena), &request, i);
        arena_free(arena);
    }
}

static struct platform *read_platform(const char *name, struct arena *arena)
{
    struct error error = {0};
    const char *path = arena_format(arena, SOURCE_FOLDER "/platforms/%s.xml", name);
    struct platform *platform = platform_read(path, arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(platform);
    return platform;
}

static void test_shipped_machines(void)
{
    static const char *const machines[] = {"trn2.48xlarge", "trn2-ultraserver",
                                           "trn3-ultraserver", "p5"};
    struct random_stream stream;
    random_init(&stream, SEED, "shipped");
    for (int i = 0; i < 16; i++) {
        struct arena *arena = arena_create();
        struct platform *platform = read_platform(machines[i % 4], arena);
        struct collective_request request = {.chips = 2 + random_below(&stream, 7)};
        if (i % 8 < 4) { /* the torus needs a whole domain */
            request.chips = platform->chip_count < 64 ? platform->chip_count : 16;
        }
        draw(&stream, &request);
        check(platform, &request, i);
        arena_free(arena);
    }
}

/* 1 GiB over a ring of n chips: 2(n-1) rounds of 1/n GiB over the slowest link on the way. On
 * Trainium3 UltraServers the ring crosses the racks by direct links, on the torus it turns into
 * the next plane by z links; every link on it carries one flow. */
static void check_ring(const char *name, const char *slowest, double raw_Bps)
{
    struct arena *arena = arena_create();
    struct platform *platform = read_platform(name, arena);
    struct collective_request request = {COLLECTIVE_ALL_REDUCE, 1 << 30, "ring",
                                         platform->chip_count, 0};
    struct job *job = collective_job(platform, &request, arena);
    CU_ASSERT_PTR_NOT_NULL_FATAL(job);
    double Bps = 0;
    for (int64_t m = 0; m < platform->media_count; m++) {
        if (strcmp(platform->media[m].name, slowest) == 0) {
            CU_ASSERT(near(platform->media[m].raw_Bps, raw_Bps, 0));
            Bps = raw_Bps * platform->media[m].efficiency_fraction;
        }
    }
    double n = (double)platform->chip_count;
    double closed_s =
        platform->collective_launch_s +
        2 * (n - 1) * (job_exchange(job, 0, 0)->stages[0].round_s + (1 << 30) / n / Bps);
    CU_ASSERT(near(run_s(job, at_flow), closed_s, 0.01));
    CU_ASSERT(near(run_s(job, at_flow), closed_s, 1e-6)); /* in fact */
    arena_free(arena);
}

static void test_ring_of_a_gibibyte(void)
{
    check_ring("trn3-ultraserver", "direct", 128e9);
    check_ring("trn2-ultraserver", "z", 64e9);
}

/* 20 rounds of 1 MB at 100 GB/s and 1 us, one link from chip to chip: 220 us, at both details;
 * a round costs no step here and a collective no launch. */
static void test_twenty_rounds(void)
{
    struct arena *arena = arena_create();
    struct machine ring = {.kind = MACHINE_RING, .chips = 11, .Bps = 100e9, .latency_s = 1e-6};
    struct platform *platform = machine_create(&ring, arena);
    platform->collective_launch_s = platform->collective_step_s = 0;
    struct collective_request request = {COLLECTIVE_ALL_REDUCE, 11e6, "ring", 11, 0};
    struct job *job = collective_job(platform, &request, arena);
    CU_ASSERT_PTR_NOT_NULL_FATAL(job);
    CU_ASSERT(near(run_s(job, at_flow), 220e-6, 1e-9));
    CU_ASSERT(near(run_s(job, at_message), 220e-6, 1e-9));
    arena_free(arena);
}

void suite_transport(void)
{
    static const struct test tests[] = {
        {"20 ring rounds of 1 MB take 220 us at both details", test_twenty_rounds},
        {"a ring of 1 GiB over 144 and 64 chips", test_ring_of_a_gibibyte},
        {"drawn collectives keep to the bounds of flow detail", test_drawn_machines},
        {"and on shipped machines", test_shipped_machines},
    };
    add_suite("transport", tests, sizeof tests / sizeof tests[0]);
}
