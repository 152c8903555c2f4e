/* SPDX-License-Identifier: Apache-2.0 */
/* The child answers with one number through a pipe. */
#include "training/straggler.h"

#include <math.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "program/placement.h"

/* Drawn speeds are kept within these: a chip that is slower is replaced. */
static const double least_speed = 0.1, most_speed = 2;

/* Every chip has a speed about 1, in hundredths, so that equal chips remain. */
static void draw_speeds(struct job *job, const struct plan *plan,
                        const struct scenario *scenario)
{
    struct random_stream stream;
    random_init(&stream, scenario->seed, "chip speeds");
    for (int64_t t = 0; t < job->team_count; t++) {
        job->teams[t].slowness = 1 / most_speed;
    }
    for (int64_t chip = 0; chip < platform_chips(job->platform); chip++) {
        double drawn = random_normal(&stream, 1, scenario->chip_speed_deviation);
        double speed = fmin(fmax(round(drawn * 100) / 100, least_speed), most_speed);
        struct team *team = &job->teams[placement_team_of_chip(plan, chip)];
        team->slowness = fmax(team->slowness, 1 / speed);
    }
}

/* A team is as slow as its slowest chip. */
static void draw_slow_chips(struct job *job, const struct plan *plan,
                            const struct scenario *scenario)
{
    struct random_stream stream;
    struct number_table drawn = {0};
    random_init(&stream, scenario->seed, "slow chips");
    while (drawn.count < scenario->slow_chips) {
        bool fresh;
        int64_t chip = random_below(&stream, platform_chips(job->platform));
        number_table_at(&drawn, (uint64_t)chip, &fresh, job->arena);
        struct team *team = &job->teams[placement_team_of_chip(plan, chip)];
        team->slowness = fmax(team->slowness, 1 / scenario->slow_chip_speed);
    }
}

bool straggler_slow_down(struct job *job, const struct plan *plan,
                         const struct scenario *scenario, struct error *error)
{
    long long chips = (long long)platform_chips(job->platform);
    if (scenario->slow_chips > chips) {
        return error_fill(error, ERROR_INPUT,
                          "slow_chips is %lld, but the machine has %lld chips",
                          (long long)scenario->slow_chips, chips);
    }
    if (scenario->chip_speed_deviation > 0) {
        draw_speeds(job, plan, scenario);
    }
    draw_slow_chips(job, plan, scenario);
    return true;
}

static void answer(const struct platform *platform, const struct scenario *scenario, int out)
{
    struct arena *arena = arena_create();
    struct error error = {.kind = ERROR_NONE};
    struct scenario healthy = *scenario;
    struct training_options options = {.detail = DETAIL_FOLDED};
    healthy.slow_chips = 0;
    healthy.chip_speed_deviation = 0;
    const struct training *training = training_run(platform, &healthy, &options, arena, &error);
    double step_s = training == NULL ? 0 : training->execution.time_s;
    bool written = write(out, &step_s, sizeof step_s) == (ssize_t)sizeof step_s;
    arena_free(arena);
    _exit(written ? 0 : 1);
}

void straggler_start(struct straggler *straggler, const struct platform *platform,
                     const struct scenario *scenario)
{
    int ends[2];
    *straggler = (struct straggler){-1, -1};
    bool healthy = scenario->slow_chips == 0 && scenario->chip_speed_deviation <= 0;
    if (healthy || pipe(ends) != 0) {
        return;
    }
    fflush(NULL);
    straggler->child = (int)fork();
    if (straggler->child == 0) {
        close(ends[0]);
        answer(platform, scenario, ends[1]);
    }
    close(ends[1]);
    straggler->pipe = ends[0];
}

double straggler_healthy_s(struct straggler *straggler)
{
    double step_s = 0;
    if (straggler->pipe < 0) {
        return 0;
    }
    if (read(straggler->pipe, &step_s, sizeof step_s) != (ssize_t)sizeof step_s) {
        step_s = 0;
    }
    close(straggler->pipe);
    straggler->pipe = -1;
    if (straggler->child > 0) {
        waitpid(straggler->child, NULL, 0);
    }
    return step_s;
}
