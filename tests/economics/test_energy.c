/* SPDX-License-Identifier: Apache-2.0 */
/* Energy of a step by hand, and what always holds: at least idle, at most all at full load. */
#include "base/random.h"
#include "economics/energy.h"
#include "support/support.h"

static const struct chip chip = {.type = "trn3", .idle_W = 200, .tdp_W = 1000};
static const struct platform platform = {.power_overhead_per_chip_W = 300,
                                         .power_host_per_chip_W = 100,
                                         .power_scale_out_per_chip_W = 40,
                                         .power_cooling_fraction = 0.25,
                                         .pue = 1.25};

static void test_step(void)
{
    /* 10 s: 5 s of matmul, 1 s of attention, 1 s of vector work, 1 s of optimizer, 1 s of
     * exposed communication, 1 s idle. Share: (5 + 0.85 + 0.5 + 0.5 + 0.3) / 10 = 0.715. A
     * chip: 200 + 800 x 0.715 = 772 W, with 300 W beside it 1,072 W, with fans 1,340 W, with
     * scale-out 1,380 W, with PUE 1,725 W. Two chips for 10 s: 34,500 J. */
    const struct energy_activity activity = {
        .work_s =
            {[WORK_MATMUL] = 5, [WORK_ATTENTION] = 1, [WORK_VECTOR] = 1, [WORK_OPTIMIZER] = 1},
        .communication_s = 1,
        .step_s = 10};
    struct energy_use use = energy_of_step(&platform, &chip, 2, &activity);
    CU_ASSERT(near(use.step_J, 34500, 1e-12));
    CU_ASSERT(near(use.average_W, 3450, 1e-12));
    CU_ASSERT(near(use.peak_W, 2 * ((1000 + 300) * 1.25 + 40) * 1.25, 1e-12));
    CU_ASSERT(near(use.idle_J, 2 * 200 * 10, 1e-12));
    CU_ASSERT(near(use.activity_J, 2 * 572 * 10, 1e-12));
    CU_ASSERT(near(use.host_J, 2 * 100 * 10, 1e-12));
    CU_ASSERT(near(use.network_J, 2 * 240 * 10, 1e-12));
    CU_ASSERT(near(use.cooling_J, 2 * 268 * 10, 1e-12));
    CU_ASSERT(near(use.idle_J + use.activity_J + use.host_J + use.network_J + use.cooling_J +
                       use.facility_J,
                   use.step_J, 1e-12));
}

static void test_idle(void)
{
    const struct energy_activity activity = {.step_s = 10};
    struct energy_use use = energy_of_step(&platform, &chip, 3, &activity);
    CU_ASSERT(near(use.average_W, 3 * (500 * 1.25 + 40) * 1.25, 1e-12));
    CU_ASSERT(near(use.peak_W, use.average_W, 1e-12));
}

/* Random activities, also such that add up to more than the step. */
static void test_bounds(void)
{
    struct random_stream stream;
    random_init(&stream, 1, "energy");
    for (int i = 0; i < 1000; i++) {
        struct energy_activity activity = {.step_s = 10 * random_uniform(&stream)};
        for (int kind = 0; kind < WORK_KIND_COUNT; kind++) {
            activity.work_s[kind] = 5 * random_uniform(&stream);
        }
        activity.communication_s = 5 * random_uniform(&stream);
        struct energy_use use = energy_of_step(&platform, &chip, 1, &activity);
        CU_ASSERT(use.average_W >= (500 * 1.25 + 40) * 1.25 * (1 - 1e-12));
        CU_ASSERT(use.average_W <= use.peak_W * (1 + 1e-12));
        CU_ASSERT(use.peak_W <= (1300 * 1.25 + 40) * 1.25 * (1 + 1e-12));
    }
}

/* Boxes at full load against what is published: DGX H100 is calibration, the others are not. */
static void test_published(void)
{
    static const struct {
        const char *file;
        double published_W, within;
    } boxes[] = {{"p5", 10200, 0.001},
                 {"p4de", 6500, 0.15},
                 {"p6-b200", 14300, 0.15},
                 {"gb200-nvl72", 120e3, 0.15},
                 {"trn2-ultraserver", 48e3, 0.15}};
    for (size_t i = 0; i < sizeof boxes / sizeof boxes[0]; i++) {
        struct arena *arena = arena_create();
        struct error error = {.kind = ERROR_NONE};
        const struct platform *machine =
            platform_read(arena_format(arena, SOURCE_FOLDER "/platforms/%s.xml", boxes[i].file),
                          arena, &error);
        CU_ASSERT_FATAL(machine != NULL);
        double scale_out_W = machine->power_scale_out_per_chip_W;
        const struct chip *own = machine->chips[0];
        double chips = (double)machine->chip_count;
        double full_W =
            chips * (platform_power_W(machine, own->tdp_W) / machine->pue - scale_out_W);
        double idle_W =
            chips * (platform_power_W(machine, own->idle_W) / machine->pue - scale_out_W);
        CU_ASSERT(near(full_W, boxes[i].published_W, boxes[i].within));
        CU_ASSERT(idle_W < 0.7 * full_W && idle_W > 0.1 * full_W);
        arena_free(arena);
    }
}

static void test_shares(void)
{
    for (enum work_kind kind = WORK_MATMUL; kind < WORK_KIND_COUNT; kind++) {
        CU_ASSERT(energy_work_share(kind) > energy_communication_share());
        CU_ASSERT(energy_work_share(kind) <= 1);
    }
}

void suite_energy(void)
{
    static const struct test tests[] = {
        {"energy of a step", test_step},
        {"an idle machine", test_idle},
        {"between idle and full load", test_bounds},
        {"boxes at full load", test_published},
        {"shares of power", test_shares},
    };
    add_suite("energy", tests, sizeof tests / sizeof tests[0]);
}
