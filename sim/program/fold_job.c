/* SPDX-License-Identifier: Apache-2.0 */
#include "program/fold_job.h"

#include "program/exchanges.h"
#include "program/fold_flows.h"
#include "program/fold_planned.h"
#include "program/fold_quotient.h"

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
    for (int32_t t = 0; t < job->team_count; t++) {
        report->team_class[t] = t;
    }
    return exchanges_plan_untimed(job, error) ? job : NULL;
}

static struct job *by_flows(struct job *planned, enum fold_blindness blindness,
                            struct fold_report *report, int64_t team_count)
{
    struct fold_flows flows;
    if (!fold_flows_refine(&flows, planned, blindness, planned->arena)) {
        exchanges_time_all(planned);
        return planned;
    }
    int32_t *team_class = arena_array(planned->arena, planned->team_count + 1, sizeof(int32_t));
    struct job *job = fold_planned(&flows, team_class, planned->arena);
    for (int64_t t = 0; t < team_count; t++) {
        report->team_class[t] = team_class[report->team_class[t]];
    }
    report->rounds += flows.rounds;
    return job;
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
    for (int64_t t = 0; t < quotient->team_count; t++) {
        report->chip_classes += quotient->teams[t].chip_count;
    }
    return quotient;
}
