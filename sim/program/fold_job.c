/* SPDX-License-Identifier: Apache-2.0 */
#include "program/fold_job.h"

#include "program/exchanges.h"
#include "program/fold_edges.h"
#include "program/fold_flows.h"
#include "program/fold_planned.h"
#include "program/fold_quotient.h"

/* Run one by one, each takes about 4 kB. */
enum { FLOWS_MOST = 2000000 };

static enum fold_wish count_flows(struct fold *fold, const struct fold_edge *edge,
                                  void *argument)
{
    (void)fold;
    *(int64_t *)argument += edge->chip_count;
    return FOLD_GO_ON;
}

static bool few_enough(struct fold *fold, struct error *error)
{
    const struct job *job = fold->job;
    const char *noun = job->platform->domain_noun;
    int64_t count = 0;
    for (int32_t g = 0; g < job->group_count; g++) {
        if (!fold_edges_group(fold, g, count_flows, &count, error)) {
            return false;
        }
    }
    for (int32_t t = 0; t < job->team_count; t++) {
        fold_edges_messages(fold, t, count_flows, &count);
    }
    return count <= FLOWS_MOST ||
           error_fill(
               error, ERROR_INFEASIBLE,
               "no symmetry to fold: %lld of %lld %ss differ after %lld rounds, and %lld "
               "flows one by one are more than %d (4 kB each); ask for fewer %ss, for "
               "stages that divide its chips, or for fewer degraded links",
               (long long)fold->classes, (long long)fold->domain_count, noun,
               (long long)fold->rounds, (long long)count, FLOWS_MOST, noun);
}

/* The job by classes of domains, or planned as it is where these save too little. */
static struct job *by_domains(struct fold *fold, struct fold_report *report,
                              struct error *error)
{
    struct job *job = fold->job;
    report->rounds = fold->rounds;
    if (!fold->scattered) {
        bool even;
        struct job *quotient = fold_quotient(fold, report->team_class, &even, error);
        if (quotient != NULL || even) {
            return quotient;
        }
    }
    report->domains_differ = true;
    for (int32_t t = 0; t < job->team_count; t++) {
        report->team_class[t] = t;
    }
    return few_enough(fold, error) && exchanges_plan_untimed(job, error) ? job : NULL;
}

static struct job *by_flows(struct job *planned, enum fold_blindness blindness,
                            struct fold_report *report, int64_t team_count)
{
    struct fold_flows flows;
    fold_flows_refine(&flows, planned, blindness, planned->arena);
    int32_t *team_class = arena_array(planned->arena, planned->team_count + 1, sizeof(int32_t));
    struct job *job = fold_planned(&flows, team_class, planned->arena);
    for (int64_t t = 0; t < team_count; t++) {
        report->team_class[t] = team_class[report->team_class[t]];
    }
    report->rounds += flows.rounds;
    report->flows_differ = flows.given_up;
    return job;
}

/* How often a program exchanges each spec with its slots' groups, or sends it to its peers. */
static void count_uses(const struct job *job, const struct program *program, int64_t *uses)
{
    for (int64_t i = 0; i < program->count; i++) {
        const struct instruction *instruction = &program->instructions[i];
        const struct sequence *sequence = &job->sequences[instruction->what];
        if (instruction->kind == INSTRUCTION_START) {
            uses[instruction->with * job->spec_count + instruction->what]++;
        } else if (instruction->kind == INSTRUCTION_SEND) {
            uses[(SLOT_COUNT + instruction->with) * job->spec_count + instruction->what]++;
        }
        for (int64_t o = 0; instruction->kind == INSTRUCTION_RUN && o < sequence->op_count;
             o++) {
            const struct op *op = &sequence->ops[o];
            if (op->spec >= 0) {
                uses[(int)op->slot * job->spec_count + op->spec]++;
            }
        }
    }
}

static int64_t flows_in(const struct traffic *traffic)
{
    int64_t count = 0;
    for (int64_t s = 0; traffic != NULL && s < traffic->stage_count; s++) {
        count += traffic->stages[s].flow_count;
    }
    return count;
}

/* A group's exchanges are counted with its first member. */
static int64_t transfers_of(const struct job *job, int32_t index, const int64_t *uses)
{
    const struct team *team = &job->teams[index];
    int64_t count = 0, specs = job->spec_count;
    for (int64_t i = 0; i < (SLOT_COUNT + PEER_COUNT) * specs; i++) {
        int32_t place = (int32_t)(i / specs), spec = (int32_t)(i % specs);
        int32_t group = place < SLOT_COUNT ? team->groups[place] : -1;
        if (uses[i] == 0) {
            continue;
        }
        if (place >= SLOT_COUNT) {
            count += uses[i] * flows_in(job_message(job, index, place - SLOT_COUNT, spec));
        } else if (!job->groups[group].inner && job->groups[group].teams[0] == index) {
            count += uses[i] * flows_in(job_exchange(job, group, spec));
        }
    }
    return count;
}

static int64_t all_transfers(const struct job *job)
{
    int64_t count = 0, places = (SLOT_COUNT + PEER_COUNT) * job->spec_count;
    int64_t *uses = arena_array(job->arena, job->program_count * places + 1, sizeof(int64_t));
    for (int64_t p = 0; p < job->program_count; p++) {
        count_uses(job, &job->programs[p], &uses[p * places]);
    }
    for (int32_t t = 0; t < job->team_count; t++) {
        count += transfers_of(job, t, &uses[job->teams[t].program * places]);
    }
    return count;
}

/* Domains that hold chips of the teams that are run. */
static int64_t domains_of(const struct job *job)
{
    struct number_table seen = {0};
    for (int64_t t = 0; t < job->team_count; t++) {
        for (int64_t i = 0; i < job->teams[t].chip_count; i++) {
            bool fresh;
            int64_t domain = job->teams[t].chips[i] / job->platform->chip_count;
            number_table_at(&seen, (uint64_t)domain, &fresh, job->arena);
        }
    }
    return seen.count;
}

struct job *fold_job(struct job *job, enum fold_blindness blindness, struct fold_report *report,
                     struct error *error)
{
    struct fold *fold = fold_refine(job, blindness, job->arena, error);
    *report = (struct fold_report){
        .team_class = arena_array(job->arena, job->team_count + 1, sizeof(int32_t))};
    struct job *planned = fold == NULL ? NULL : by_domains(fold, report, error);
    if (planned == NULL) {
        return NULL;
    }
    struct job *quotient = by_flows(planned, blindness, report, job->team_count);
    report->team_classes = quotient->team_count;
    report->link_classes = quotient->network.wiring.wire_count;
    report->flow_classes = quotient->network.wiring.pair_count;
    report->domain_classes = domains_of(quotient);
    report->transfers = all_transfers(quotient);
    for (int64_t t = 0; t < quotient->team_count; t++) {
        report->chip_classes += quotient->teams[t].chip_count;
    }
    return quotient;
}
