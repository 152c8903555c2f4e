/* SPDX-License-Identifier: Apache-2.0 */
/* One event a failure: between two failures whole periods of work and checkpoint fit or do not.
 * Each cause is a renewal process of the fleet with its own random stream, so that another
 * cause or interval leaves its failures where they were. */
#include "training/goodput.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "training/checkpoint.h"

struct life { /* of one seed */
    const struct goodput_case *what;
    double interval_s;
    struct random_stream streams[GOODPUT_CAUSES];
    double next_s[GOODPUT_CAUSES];
    double gap_s[GOODPUT_CAUSES]; /* scale of the gaps */
    double *repaired_s;           /* [spares]: when each is usable again */
    int64_t failures, replaced;
    double now_s, kept_s;
    double volatile_s;     /* kept in memory only, since the last checkpoint in the store */
    int64_t since_durable; /* checkpoints since then */
    struct goodput *sum;
};

static bool fails(const struct goodput_failure *failure)
{
    return failure->count > 0 && failure->mean_s > 0 && failure->mean_s < DBL_MAX;
}

double goodput_mean_between_s(const struct goodput_case *what)
{
    double per_s = 0;
    for (int i = 0; i < what->failure_count; i++) {
        const struct goodput_failure *failure = &what->failures[i];
        per_s += fails(failure) ? failure->count / failure->mean_s : 0;
    }
    return per_s > 0 ? 1 / per_s : (double)INFINITY;
}

/* A slow chip is taken out after a checkpoint, as in a planned stop. */
static bool is_announced(const struct goodput_failure *failure)
{
    return failure->planned || failure->slow_speed > 0;
}

/* Mean time between failures that nobody announced: these alone cost work. */
static double unplanned_s(const struct goodput_case *what)
{
    struct goodput_case only = *what;
    only.failure_count = 0;
    for (int i = 0; i < what->failure_count; i++) {
        if (!is_announced(&what->failures[i])) {
            only.failures[only.failure_count++] = what->failures[i];
        }
    }
    return goodput_mean_between_s(&only);
}

double goodput_interval_s(const struct goodput_case *what)
{
    if (what->interval_s > 0) {
        return what->interval_s;
    }
    double mean_s = unplanned_s(what);
    double best_s = mean_s < DBL_MAX ? checkpoint_daly_s(what->stop_s, mean_s) : 0;
    return best_s > 0 ? best_s : what->duration_s;
}

/* Until it stops the job: a slow chip is noticed a while after it became slow. */
static double gap(struct life *life, int cause)
{
    const struct goodput_failure *failure = &life->what->failures[cause];
    double shape = failure->shape;
    double unit = random_exponential(&life->streams[cause], 1);
    double after_s = life->gap_s[cause] * (shape == 1 ? unit : pow(unit, 1 / shape));
    return after_s + (failure->slow_speed > 0 ? failure->notice_s : 0);
}

/* The rate that n failures were counted from lies as gamma(n) / n around the one counted. */
static double rate_of_run(const struct goodput_failure *failure, uint64_t seed,
                          const char *name)
{
    char own[80];
    struct random_stream stream;
    if (!(failure->counted > 0)) {
        return 1;
    }
    snprintf(own, sizeof own, "rate of %s", name);
    random_init(&stream, seed, own);
    return random_gamma(&stream, failure->counted) / failure->counted;
}

static void be_born(struct life *life, uint64_t seed, int64_t index)
{
    for (int i = 0; i < life->what->failure_count; i++) {
        const struct goodput_failure *failure = &life->what->failures[i];
        char name[64];
        snprintf(name, sizeof name, "failures %d of run %lld", i, (long long)index);
        random_init(&life->streams[i], seed, name);
        life->next_s[i] = (double)INFINITY;
        if (fails(failure)) {
            /* A Weibull gap of scale s has the mean s times gamma(1 + 1 / shape). */
            life->gap_s[i] = failure->mean_s / failure->count / tgamma(1 + 1 / failure->shape) /
                             rate_of_run(failure, seed, name);
            life->next_s[i] = gap(life, i);
        }
    }
}

static int next_cause(const struct life *life)
{
    int next = 0;
    for (int i = 1; i < life->what->failure_count; i++) {
        next = life->next_s[i] < life->next_s[next] ? i : next;
    }
    return next;
}

/* Of a stretch of the run up to end_s, what slow chips that nobody has noticed yet take away.
 * Several at once are as slow as one. */
static double slowness(struct life *life, double end_s)
{
    const struct goodput_case *what = life->what;
    double longest_s = 0;
    int by = -1;
    for (int i = 0; i < what->failure_count; i++) {
        const struct goodput_failure *failure = &what->failures[i];
        if (failure->slow_speed > 0) {
            double since_s = fmax(life->now_s, life->next_s[i] - failure->notice_s);
            double lost_s = (1 - failure->slow_speed) * fmax(0, end_s - since_s);
            by = lost_s > longest_s ? i : by;
            longest_s = fmax(longest_s, lost_s);
        }
    }
    if (by >= 0) {
        life->sum->loss.slow_h += longest_s / 3600;
        life->sum->lost_h_of[by] += longest_s / 3600;
    }
    return longest_s;
}

/* Checkpoints were written; of what they keep, some is in memory only. */
static void note_checkpoints(struct life *life, double written)
{
    int64_t every = life->what->durable_every;
    int64_t all = life->since_durable + (int64_t)written;
    if (every <= 1) {
        return;
    }
    if (all >= every) {
        life->since_durable = all % every;
        life->volatile_s = (double)life->since_durable * life->interval_s;
    } else {
        life->since_durable = all;
        life->volatile_s += written * life->interval_s;
    }
}

/* Works from now on for time_s; the last period may be cut. Returns the work that is lost when
 * the run fails then: all since the last checkpoint that was written to its end. */
static double work(struct life *life, double time_s, bool failed)
{
    const struct goodput_case *what = life->what;
    double period_s = life->interval_s + what->stop_s;
    double begun = floor((time_s - life->interval_s) / period_s) + 1;
    double stood_s = begun > 0 ? (begun - 1) * what->stop_s : 0;
    if (begun > 0) {
        double last_s = begun * life->interval_s + stood_s;
        stood_s += fmin(what->stop_s, time_s - last_s);
    }
    double written = floor((time_s - life->interval_s - what->write_s) / period_s) + 1;
    double whole_s = time_s - stood_s;
    double slow_s = slowness(life, life->now_s + time_s);
    double pace = whole_s > 0 ? fmax(0, 1 - slow_s / whole_s) : 1;
    double done_s = whole_s * pace;
    double kept_s = failed ? fmax(0, written) * life->interval_s * pace : done_s;
    life->kept_s += kept_s;
    note_checkpoints(life, failed ? fmax(0, written) : fmax(0, written) + 1);
    life->sum->loss.checkpoint_h += stood_s / 3600;
    life->sum->loss.rework_h += (done_s - kept_s) / 3600;
    return done_s - kept_s;
}

/* When the job can start again after a failure at now_s that was seen and cleared. */
static double wait_for_spare(struct life *life, int cause)
{
    const struct goodput_case *what = life->what;
    bool nothing_broke = what->job_chips > 0 && !(what->failures[cause].takes_chips > 0);
    if (what->spares <= 0 || nothing_broke) {
        return 0;
    }
    /* All repairs take the same time: the oldest ends first. */
    double *slot = &life->repaired_s[life->replaced++ % what->spares];
    double wait_s = fmax(0, *slot - life->now_s);
    *slot = fmax(life->now_s, *slot) + what->repair_s;
    return wait_s;
}

/* Copies in memory may be lost with what failed: then all since the store is done again. */
static double lose_copies(struct life *life, int cause)
{
    const struct goodput_case *what = life->what;
    double fraction = what->failures[cause].durable_fraction;
    if (what->durable_every <= 1 || !(fraction > 0) ||
        random_uniform(&life->streams[cause]) >= fraction) {
        return what->restart_s;
    }
    double again_s = fmin(life->volatile_s, life->kept_s);
    life->kept_s -= again_s;
    life->sum->loss.rework_h += again_s / 3600;
    life->sum->lost_h_of[cause] += again_s / 3600;
    life->volatile_s = 0;
    life->since_durable = 0;
    return fmax(what->durable_restart_s, what->restart_s);
}

static void recover(struct life *life, int cause)
{
    const struct goodput_case *what = life->what;
    struct goodput_loss *loss = &life->sum->loss;
    bool announced = is_announced(&what->failures[cause]);
    double seen_s = announced ? 0 : what->detection_s;
    double wait_s = what->failures[cause].planned ? 0 : wait_for_spare(life, cause);
    double begin_s = announced ? what->restart_s : lose_copies(life, cause);
    life->next_s[cause] = life->now_s + gap(life, cause);
    double end_s = life->now_s + seen_s + wait_s + begin_s;
    end_s = fmin(end_s, life->next_s[next_cause(life)]); /* it fails again on the way */
    end_s = fmin(end_s, what->duration_s);
    seen_s = fmin(seen_s, end_s - life->now_s);
    wait_s = fmin(wait_s, end_s - life->now_s - seen_s);
    double restart_s = end_s - life->now_s - seen_s - wait_s;
    loss->detection_h += seen_s / 3600;
    loss->waiting_h += wait_s / 3600;
    loss->restart_h += restart_s / 3600;
    life->sum->lost_h_of[cause] += (end_s - life->now_s) / 3600;
    life->now_s = end_s;
    life->failures++;
}

static void live(struct life *life)
{
    const struct goodput_case *what = life->what;
    while (life->now_s < what->duration_s) {
        int cause = what->failure_count > 0 ? next_cause(life) : 0;
        double fail_s = what->failure_count > 0 ? life->next_s[cause] : (double)INFINITY;
        if (fail_s >= what->duration_s) {
            work(life, what->duration_s - life->now_s, false);
            break;
        }
        bool sudden = !is_announced(&what->failures[cause]);
        if (fail_s > life->now_s) {
            double lost_s = work(life, fail_s - life->now_s, sudden);
            life->sum->lost_h_of[cause] += lost_s / 3600;
        }
        life->now_s = fail_s;
        life->sum->interruptions_of[cause]++;
        recover(life, cause);
    }
}

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double quantile(double *sorted, int64_t count, double fraction)
{
    double at = fraction * (double)(count - 1);
    int64_t below = (int64_t)at;
    int64_t above = below + 1 < count ? below + 1 : below;
    return sorted[below] + (at - (double)below) * (sorted[above] - sorted[below]);
}

static void average(struct goodput *sum, int64_t seeds)
{
    double *losses[] = {&sum->loss.checkpoint_h, &sum->loss.detection_h, &sum->loss.restart_h,
                        &sum->loss.rework_h,     &sum->loss.waiting_h,   &sum->loss.slow_h};
    for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++) {
        *losses[i] /= (double)seeds;
    }
    for (int i = 0; i < GOODPUT_CAUSES; i++) {
        sum->interruptions_of[i] /= (double)seeds;
        sum->lost_h_of[i] /= (double)seeds;
    }
    sum->goodput_fraction /= (double)seeds;
    sum->interruptions /= (double)seeds;
}

/* Chip-hours that a cause took from the job, and from chips under repair. */
static double lost_chip_h(const struct goodput_case *what, const struct goodput *sum, int cause)
{
    return sum->lost_h_of[cause] * what->job_chips + sum->interruptions_of[cause] *
                                                         what->failures[cause].takes_chips *
                                                         what->repair_s / 3600;
}

/* [seeds] for each cause: what each run lost. */
struct ledger {
    double *chip_h[GOODPUT_CAUSES];
    double before[GOODPUT_CAUSES];
};

static void open_ledger(struct ledger *ledger, const struct goodput_case *what, int64_t seeds,
                        struct arena *arena)
{
    for (int i = 0; i < what->failure_count; i++) {
        ledger->chip_h[i] = arena_array(arena, seeds, sizeof(double));
    }
}

static void note_run(struct ledger *ledger, const struct goodput_case *what,
                     const struct goodput *sum, int64_t run)
{
    for (int i = 0; i < what->failure_count; i++) {
        double after = lost_chip_h(what, sum, i);
        ledger->chip_h[i][run] = after - ledger->before[i];
        ledger->before[i] = after;
    }
}

static void close_ledger(const struct ledger *ledger, const struct goodput_case *what,
                         struct goodput *sum, int64_t seeds)
{
    for (int i = 0; i < what->failure_count; i++) {
        qsort(ledger->chip_h[i], (size_t)seeds, sizeof(double), ascending);
        sum->low_chip_h_of[i] = quantile(ledger->chip_h[i], seeds, 0.025);
        sum->high_chip_h_of[i] = quantile(ledger->chip_h[i], seeds, 0.975);
        sum->lost_chip_h_of[i] = lost_chip_h(what, sum, i);
        sum->repair_chip_h += sum->lost_chip_h_of[i] - sum->lost_h_of[i] * what->job_chips;
    }
}

struct goodput goodput_simulate(const struct goodput_case *what, uint64_t seed, int64_t seeds,
                                struct arena *arena)
{
    struct ledger ledger = {.before = {0}};
    open_ledger(&ledger, what, seeds, arena);
    struct goodput sum = {.mean_between_s = goodput_mean_between_s(what),
                          .interval_s = goodput_interval_s(what)};
    double *shares = arena_array(arena, 2 * seeds, sizeof(double)), *counts = shares + seeds;
    double *repaired_s = arena_array(arena, what->spares + 1, sizeof(double));
    for (int64_t i = 0; i < seeds; i++) {
        struct life life = {
            .what = what, .interval_s = sum.interval_s, .repaired_s = repaired_s, .sum = &sum};
        memset(repaired_s, 0, (size_t)(what->spares + 1) * sizeof(double));
        be_born(&life, seed, i);
        live(&life);
        shares[i] = life.kept_s / what->duration_s;
        counts[i] = (double)life.failures;
        sum.goodput_fraction += shares[i];
        sum.interruptions += counts[i];
        note_run(&ledger, what, &sum, i);
    }
    average(&sum, seeds);
    close_ledger(&ledger, what, &sum, seeds);
    qsort(shares, (size_t)seeds, sizeof(double), ascending);
    qsort(counts, (size_t)seeds, sizeof(double), ascending);
    sum.low_fraction = quantile(shares, seeds, 0.025);
    sum.high_fraction = quantile(shares, seeds, 0.975);
    sum.low_interruptions = quantile(counts, seeds, 0.025);
    sum.high_interruptions = quantile(counts, seeds, 0.975);
    return sum;
}

double goodput_search_s(const struct goodput_case *what, uint64_t seed, int64_t seeds,
                        struct arena *arena)
{
    enum { SIDE = 10 };
    /* Least squares of y = a + b x + c x^2 over x = -SIDE..SIDE, whose odd sums are 0. */
    double centre_s = checkpoint_young_s(what->stop_s, unplanned_s(what));
    double y_sum = 0, xy = 0, xxy = 0, xx = 0, xxxx = 0;
    for (int x = -SIDE; x <= SIDE; x++) {
        struct goodput_case trial = *what;
        trial.interval_s = centre_s * pow(2, (double)x / SIDE);
        double y = goodput_simulate(&trial, seed, seeds, arena).goodput_fraction;
        double square = (double)x * x;
        y_sum += y;
        xy += x * y;
        xxy += square * y;
        xx += square;
        xxxx += square * square;
    }
    double points = 2 * SIDE + 1;
    double c = (xxy - xx * y_sum / points) / (xxxx - xx * xx / points);
    double vertex = -(xy / xx) / (2 * c);
    return centre_s * pow(2, fmin(SIDE, fmax(-SIDE, vertex)) / SIDE);
}
