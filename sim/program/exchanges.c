/* SPDX-License-Identifier: Apache-2.0 */
/* Plans the exchanges of a job: which transfers a spec means on a group, over which links, and
 * how long it takes alone. */
#include "program/exchanges.h"

#include <math.h>

#include "collective/fluid.h"
#include "hardware/defect.h"

/* Appends a planned stage of one subgroup to a stage of the exchange. */
static void add_flows(struct job *job, const struct phase *stage, const int64_t *chips,
                      int32_t first_position, struct traffic_stage *target)
{
    for (int64_t i = 0; i < stage->transfer_count; i++) {
        const struct transfer *transfer = &stage->transfers[i];
        struct flow *flow = &target->flows[target->flow_count++];
        flow->pair = network_pair(&job->network, chips[transfer->from], chips[transfer->to]);
        flow->from = first_position + (int32_t)transfer->from;
        flow->to = first_position + (int32_t)transfer->to;
        flow->bytes = transfer->bytes;
        target->latency_s = fmax(target->latency_s, job->network.pair_latency_s[flow->pair]);
    }
}

/* Lists the flows of each position, by counting. */
static void add_touches(struct traffic_stage *stage, int64_t position_count,
                        struct arena *arena)
{
    stage->touch_first = arena_array(arena, position_count + 2, sizeof(int64_t));
    stage->touches = arena_array(arena, 2 * stage->flow_count + 1, sizeof(int32_t));
    int64_t *next = stage->touch_first + 1;
    for (int64_t f = 0; f < stage->flow_count; f++) {
        next[stage->flows[f].from + 1]++;
        next[stage->flows[f].to + 1]++;
    }
    for (int64_t p = 0; p < position_count; p++) {
        next[p + 1] += next[p];
    }
    for (int64_t f = 0; f < stage->flow_count; f++) {
        stage->touches[next[stage->flows[f].from]++] = (int32_t)f;
        stage->touches[next[stage->flows[f].to]++] = (int32_t)f;
    }
}

struct traffic *exchanges_plan(struct job *job, const struct group *group,
                               const struct spec *spec, struct error *error)
{
    struct traffic *exchange = arena_alloc(job->arena, sizeof *exchange);
    struct collective collective = {spec->operation, spec->bytes, job->platform, group->chips,
                                    group->subgroup_size};
    const struct schedule *planned = exchanges_schedule(job, &collective, spec, error);
    if (planned == NULL) {
        return NULL;
    }
    exchange->algorithm = planned->algorithm;
    exchange->stage_count = planned->phase_count;
    exchange->position_count = group->subgroup_count * group->subgroup_size;
    exchange->launch_s = job->platform->collective_launch_s;
    exchange->stages =
        arena_array(job->arena, planned->phase_count, sizeof(struct traffic_stage));
    for (int64_t s = 0; s < planned->phase_count; s++) {
        struct traffic_stage *stage = &exchange->stages[s];
        stage->rounds = planned->phases[s].rounds;
        stage->flows =
            arena_array(job->arena, planned->phases[s].transfer_count * group->subgroup_count,
                        sizeof(struct flow));
        for (int64_t g = 0; g < group->subgroup_count; g++) {
            add_flows(job, &planned->phases[s], group->chips + g * group->subgroup_size,
                      (int32_t)(g * group->subgroup_size), stage);
        }
        stage->round_s = collective_round_along_s(&planned->phases[s], stage->latency_s);
        add_touches(stage, exchange->position_count, job->arena);
    }
    return exchange;
}

static struct fluid stage_fluid(const struct job *job, const struct traffic_stage *stage,
                                struct arena *arena)
{
    const struct wiring *wiring = &job->network.wiring;
    struct fluid fluid = {.arena = arena, .flow_count = stage->flow_count};
    fluid.flows = arena_array(arena, stage->flow_count, sizeof(struct fluid_flow));
    int64_t crossings = 0;
    for (int64_t f = 0; f < stage->flow_count; f++) {
        const struct pair *pair = &wiring->pairs[stage->flows[f].pair];
        for (int32_t c = pair->first; c < pair->first + pair->count; c++) {
            crossings += wiring->crossings[c].weight;
        }
    }
    /* Wires get local numbers: a scratch table over all wires of the run. */
    int32_t *local = arena_array(arena, wiring->wire_count, sizeof(int32_t));
    double *capacity_Bps = arena_array(arena, crossings + 1, sizeof(double));
    unsigned char *fatpipe = arena_array(arena, crossings + 1, 1);
    int32_t *links = arena_array(arena, crossings + 1, sizeof(int32_t));
    for (int64_t f = 0; f < stage->flow_count; f++) {
        const struct pair *pair = &wiring->pairs[stage->flows[f].pair];
        fluid.flows[f].links = links;
        fluid.flows[f].bytes = stage->flows[f].bytes * (double)stage->rounds;
        for (int32_t c = pair->first; c < pair->first + pair->count; c++) {
            const struct crossing *crossing = &wiring->crossings[c];
            if (local[crossing->wire] == 0) {
                capacity_Bps[fluid.link_count] = wiring->wires[crossing->wire].capacity_Bps;
                fatpipe[fluid.link_count] = wiring->wires[crossing->wire].fatpipe;
                local[crossing->wire] = (int32_t)++fluid.link_count;
            }
            for (int32_t w = 0; w < crossing->weight; w++) {
                *links++ = local[crossing->wire] - 1;
                fluid.flows[f].link_count++;
            }
        }
    }
    fluid.capacity_Bps = capacity_Bps;
    fluid.fatpipe = fatpipe;
    return fluid;
}

double exchanges_alone_s(const struct job *job, const struct traffic *exchange)
{
    double time_s = exchange->launch_s;
    for (int64_t s = 0; s < exchange->stage_count; s++) {
        const struct traffic_stage *stage = &exchange->stages[s];
        struct arena *scratch = arena_create();
        struct fluid fluid = stage_fluid(job, stage, scratch);
        time_s += (double)stage->rounds * stage->round_s + fluid_run(&fluid);
        arena_free(scratch);
    }
    return time_s;
}

/* Where an exchange that runs alone stands after elapsed_s. */
struct exchange_state exchanges_state(const struct job *job, const struct traffic *exchange,
                                      double elapsed_s, struct arena *arena)
{
    struct exchange_state state = {.delay_s = exchange->launch_s};
    for (; state.stage < exchange->stage_count; state.stage++) {
        const struct traffic_stage *stage = &exchange->stages[state.stage];
        state.delay_s += (double)stage->rounds * stage->round_s;
        if (elapsed_s < state.delay_s) {
            state.delay_s -= elapsed_s;
            return state;
        }
        elapsed_s -= state.delay_s;
        state.delay_s = 0;
        struct fluid fluid = stage_fluid(job, stage, arena);
        double passed_s = fluid_advance(&fluid, elapsed_s);
        double left_bytes = 0;
        state.left_bytes = arena_array(arena, stage->flow_count, sizeof(double));
        for (int64_t f = 0; f < stage->flow_count; f++) {
            state.left_bytes[f] = fluid.flows[f].bytes;
            left_bytes += state.left_bytes[f];
        }
        if (left_bytes > 0) {
            return state;
        }
        elapsed_s -= passed_s;
        state.left_bytes = NULL;
    }
    return state;
}

static bool plan_once(struct job *job, struct traffic **place, const struct group *group,
                      int32_t spec, struct error *error)
{
    if (*place == NULL) {
        *place = exchanges_plan(job, group, &job->specs[spec], error);
    }
    return *place != NULL;
}

static bool plan_sequence(struct job *job, const struct team *team,
                          const struct sequence *sequence, struct error *error)
{
    for (int64_t i = 0; i < sequence->op_count; i++) {
        const struct op *op = &sequence->ops[i];
        if (op->spec < 0) {
            continue;
        }
        int32_t group = team->groups[op->slot];
        if (!plan_once(job, &job->exchanges[group * job->spec_count + op->spec],
                       &job->groups[group], op->spec, error)) {
            return false;
        }
    }
    return true;
}

/* A message: chip i of a team sends to chip i of its peer. */
static bool plan_message(struct job *job, int64_t team, int32_t peer, int32_t spec,
                         struct error *error)
{
    const struct team *from = &job->teams[team];
    const struct team *to = &job->teams[from->peers[peer]];
    int64_t *chips = arena_array(job->arena, from->chip_count * 2, sizeof(int64_t));
    for (int64_t i = 0; i < from->chip_count; i++) {
        chips[2 * i] = from->chips[i];
        chips[2 * i + 1] = to->chips[i];
    }
    struct group group = {
        .subgroup_count = from->chip_count, .subgroup_size = 2, .chips = chips};
    return plan_once(job, &job->messages[(team * PEER_COUNT + peer) * job->spec_count + spec],
                     &group, spec, error);
}

static bool plan_instruction(struct job *job, int64_t team,
                             const struct instruction *instruction, struct error *error)
{
    const struct team *self = &job->teams[team];
    if (instruction->kind == INSTRUCTION_RUN) {
        return plan_sequence(job, self, &job->sequences[instruction->what], error);
    }
    if (instruction->kind == INSTRUCTION_SEND) {
        return plan_message(job, team, instruction->with, instruction->what, error);
    }
    if (instruction->kind == INSTRUCTION_START) {
        int32_t group = self->groups[instruction->with];
        return plan_once(job, &job->exchanges[group * job->spec_count + instruction->what],
                         &job->groups[group], instruction->what, error);
    }
    return true;
}

static void time_alone(struct job *job, struct traffic **exchanges, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        if (exchanges[i] != NULL) {
            exchanges[i]->alone_s = exchanges_alone_s(job, exchanges[i]);
        }
    }
}

static bool has_chip(const struct group *group, int64_t chip)
{
    bool found = false;
    for (int64_t i = 0; i < group->subgroup_count * group->subgroup_size && !found; i++) {
        found = group->chips[i] == chip;
    }
    return found;
}

/* What two chips exchange, in words. */
static const char *need_of(const struct job *job, int64_t from, int64_t to)
{
    static const enum part_of_time parts[SLOT_COUNT] = {
        PART_TENSOR_TIME, PART_CONTEXT_TIME, PART_EXPERT_TIME, PART_DATA_TIME,
        PART_DATA_TIME,   PART_DATA_TIME,    PART_DATA_TIME};
    for (int64_t t = 0; t < job->team_count; t++) {
        for (int slot = 0; slot < SLOT_COUNT; slot++) {
            int32_t group = job->teams[t].groups[slot];
            if (group >= 0 && has_chip(&job->groups[group], from) &&
                has_chip(&job->groups[group], to)) {
                return job_part_name(parts[slot]);
            }
        }
    }
    return job_part_name(PART_PIPELINE_TIME);
}

static bool refuse_cut(const struct job *job, struct error *error)
{
    const struct network *network = &job->network;
    const struct platform *platform = network->platform;
    int64_t from = network->cut_from, to = network->cut_to, chips = platform->chip_count;
    struct platform healthy = defect_healthy(platform);
    struct fabric_path path;
    fabric_path(&healthy, from, to, &path);
    int32_t dead = 0;
    while (dead + 1 < path.link_count && defect_factor(platform, path.links[dead]) > 0) {
        dead++;
    }
    bool planes = defect_factor(platform, path.links[dead]) > 0; /* none is left in common */
    return error_fill(
        error, ERROR_INPUT,
        "%s: %s is dead, and nothing is left from %s of %s %lld to %s of %s %lld, "
        "which the %s needs; leave a chip without links out of the job, or give a link a share "
        "above 0",
        platform->dead_chip_count > 0 ? "dead_chips" : "degraded_links",
        planes ? "in each plane a NIC or a trunk"
               : fabric_link_name(platform, path.links[dead], job->arena),
        platform->chip_names[from % chips], platform->domain_noun, (long long)(from / chips),
        platform->chip_names[to % chips], platform->domain_noun, (long long)(to / chips),
        need_of(job, from, to));
}

bool exchanges_plan_untimed(struct job *job, struct error *error)
{
    int64_t exchanges = job->group_count * job->spec_count;
    int64_t messages = job->team_count * PEER_COUNT * job->spec_count;
    if (job->exchanges == NULL) {
        job->exchanges = arena_array(job->arena, exchanges + 1, sizeof(struct traffic *));
        job->messages = arena_array(job->arena, messages + 1, sizeof(struct traffic *));
    }
    for (int64_t t = 0; t < job->team_count; t++) {
        const struct program *program = &job->programs[job->teams[t].program];
        for (int64_t i = 0; i < program->count; i++) {
            if (!plan_instruction(job, t, &program->instructions[i], error)) {
                return false;
            }
        }
    }
    if (job->platform->split != NULL) {
        network_reduce_weights(&job->network);
    }
    return !job->network.cut || refuse_cut(job, error);
}

void exchanges_time_all(struct job *job)
{
    time_alone(job, job->exchanges, job->group_count * job->spec_count);
}

bool exchanges_plan_all(struct job *job, struct error *error)
{
    if (!exchanges_plan_untimed(job, error)) {
        return false;
    }
    exchanges_time_all(job);
    return true;
}
