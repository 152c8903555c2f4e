/* SPDX-License-Identifier: Apache-2.0 */
#include "study/names.h"

#include <math.h>
#include <string.h>

#include "study/engines.h"
#include "study/machines.h"
#include "support/shipped_machines.h"
#include "support/support.h"

static struct engines *tables(struct arena *arena)
{
    struct error error = {0};
    struct engines *engines = engines_read(SOURCE_FOLDER "/workloads/measured", arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(engines);
    return engines;
}

static const char *hardware(const struct engines *engines, const char *text)
{
    int64_t row = names_hardware(engines->hardware, text);
    return row < 0 ? "" : csv_text(engines->hardware, row, "platform");
}

static void test_hardware(void)
{
    struct arena *arena = arena_create();
    struct engines *engines = tables(arena);
    CU_ASSERT_STRING_EQUAL(hardware(engines, "H100-SXM-80GB"), "hgx-h100");
    CU_ASSERT_STRING_EQUAL(hardware(engines, "8x NVIDIA H200 NVL"), "h200-nvl");
    CU_ASSERT_STRING_EQUAL(hardware(engines, "8xH100"), "hgx-h100");
    CU_ASSERT_STRING_EQUAL(hardware(engines, "DGX-B200"), "hgx-b200");
    CU_ASSERT_STRING_EQUAL(hardware(engines, "AMD Instinct MI325X (x16), MI300X (x8)"),
                           "mi325x");
    CU_ASSERT_STRING_EQUAL(hardware(engines, "trn2u.48xlarge"), "trn2-ultraserver");
    CU_ASSERT_STRING_EQUAL(hardware(engines, "H100-NVL-94GB"), "h100-pcie");
    CU_ASSERT_STRING_EQUAL(hardware(engines, "V100"), "");
    CU_ASSERT_STRING_EQUAL(hardware(engines, "A1000"), "");
    CU_ASSERT_STRING_EQUAL(hardware(engines, "A100X"), "");
    arena_free(arena);
}

static const char *framework(const struct machines *machines, const char *text)
{
    return csv_text(machines->frameworks, machines_framework(machines, text), "framework");
}

/* Of a framework's versions the newest that is not above the row's; letters of any case. */
static void test_framework(void)
{
    struct arena *arena = arena_create();
    struct machines *machines = shipped_machines(arena);
    CU_ASSERT_STRING_EQUAL(framework(machines, "Megatron-Bridge 25.11"), "Megatron-Bridge");
    CU_ASSERT_STRING_EQUAL(framework(machines, "Megatron-Bridge 26.04.01"),
                           "Megatron-Bridge 26.04");
    CU_ASSERT_STRING_EQUAL(framework(machines, "Megatron-Bridge 26.05"),
                           "Megatron-Bridge 26.04");
    CU_ASSERT_STRING_EQUAL(framework(machines, "megatron-bridge 26.10"),
                           "Megatron-Bridge 26.08");
    CU_ASSERT_STRING_EQUAL(framework(machines, "Megatron-LM 2021"), "Megatron-LM");
    CU_ASSERT_STRING_EQUAL(framework(machines, "NeMo (MLPerf)"), "NeMo (MLPerf)");
    CU_ASSERT_STRING_EQUAL(framework(machines, "neuronx-distributed"), "neuronx-distributed");
    CU_ASSERT_STRING_EQUAL(framework(machines, "torchtitan"), "TorchTitan");
    CU_ASSERT_STRING_EQUAL(framework(machines, ""), "*");
    arena_free(arena);
}

static const char *model(const struct engines *engines, const char *text)
{
    int64_t row = names_model(engines->models, text);
    return row < 0 ? "" : csv_text(engines->models, row, "model");
}

static void test_model(void)
{
    struct arena *arena = arena_create();
    struct engines *engines = tables(arena);
    CU_ASSERT_STRING_EQUAL(model(engines, "meta-llama/Llama-3.3-70B-Instruct"),
                           "llama-3.3-70b");
    CU_ASSERT_STRING_EQUAL(model(engines, "Meta-Llama-3-70B"), "llama-3-70b");
    CU_ASSERT_STRING_EQUAL(model(engines, "DeepSeek-R1-0528-FP4"), "deepseek-r1");
    CU_ASSERT_STRING_EQUAL(model(engines, "glm-4.5-air-fp8"), "glm-4.5-air");
    CU_ASSERT_STRING_EQUAL(model(engines, "deepseek-r1-distill-llama-70b"), "");
    CU_ASSERT_STRING_EQUAL(model(engines, "qwen3-80b"), "");
    CU_ASSERT_STRING_EQUAL(model(engines, "llama-3.10"), "");
    CU_ASSERT_EQUAL(names_other_version(engines->models, "DeepSeek-V3.2-Exp"),
                    names_model(engines->models, "deepseek-v3.1"));
    CU_ASSERT_EQUAL(names_other_version(engines->models, "zai-org/GLM-4.7"),
                    names_model(engines->models, "glm-4.6"));
    CU_ASSERT_EQUAL(names_other_version(engines->models, "qwen3-max"), -1);
    CU_ASSERT_EQUAL(names_other_version(engines->models, "gpt-4"), -1);
    arena_free(arena);
}

static void test_size(void)
{
    struct names_size size;
    CU_ASSERT(names_size("qwen3-30b-a3b", &size) && size.mixture);
    CU_ASSERT(size.parameters == 30e9 && size.active == 3e9);
    CU_ASSERT(names_size("Qwen2.5-0.5B", &size) && !size.mixture && size.parameters == 0.5e9);
    CU_ASSERT(names_size("mixtral-8x7b", &size) && size.mixture && size.parameters == 56e9);
    CU_ASSERT(names_size("phi-3.5-moe (42B, 6.6B active)", &size) && size.mixture);
    CU_ASSERT(size.parameters == 42e9 && size.active == 6.6e9);
    CU_ASSERT(!names_size("kimi-k2", &size));
    CU_ASSERT(!names_size("int8-4bit", &size));
}

/* A name that tells a count, and the shape beside it, agree: "7b" may be 6.7 or 7.6, and a
 * mixture of 8 times 22 shares what is no expert. */
static void test_shapes(void)
{
    struct arena *arena = arena_create();
    struct engines *engines = tables(arena);
    int64_t told = 0;
    for (int64_t row = 0; row < engines->models->row_count; row++) {
        const char *name = csv_text(engines->models, row, "model");
        const char *assumed = "";
        struct error error = {0};
        struct names_size size;
        struct model *shape = engines_model(engines, name, &assumed, arena, &error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(shape);
        CU_ASSERT_STRING_EQUAL(assumed, "");
        if (!names_size(name, &size) || strstr(name, "trinity") != NULL) {
            continue; /* trinity-large counts otherwise: its row says so */
        }
        double ratio = model_parameters(shape) / size.parameters;
        double least = size.mixture && size.active <= 0 ? 0.78 : 0.87;
        bool near = ratio > least && ratio < 1.25;
        near = near && (size.active <= 0 ||
                        fabs(model_active_parameters(shape) / size.active - 1) < 0.25);
        if (!near) {
            fprintf(stderr, "%s: %.4g parameters, %.4g active\n", name, model_parameters(shape),
                    model_active_parameters(shape));
        }
        CU_ASSERT(near);
        told++;
    }
    CU_ASSERT(told > 50);
    arena_free(arena);
}

static void test_sibling(void)
{
    struct arena *arena = arena_create();
    struct engines *engines = tables(arena);
    struct error error = {0};
    const char *assumed = "";
    struct model *dense = engines_model(engines, "nobody/Novel-26B", &assumed, arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(dense);
    CU_ASSERT(fabs(model_parameters(dense) / 26e9 - 1) < 0.03 && dense->expert_count == 0);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(assumed, "'nobody/Novel-26B' is not in models.csv: taken as"));
    struct model *mixture = engines_model(engines, "novel-200b-a20b", &assumed, arena, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(mixture);
    CU_ASSERT(fabs(model_parameters(mixture) / 200e9 - 1) < 0.05 && mixture->expert_count > 0);
    CU_ASSERT_PTR_NULL(engines_model(engines, "novel", &assumed, arena, &error));
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "tells no count of parameters"));
    arena_free(arena);
}

void suite_names(void);

void suite_names(void)
{
    static const struct test tests[] = {
        {"hardware as publications write it", test_hardware},
        {"frameworks by version", test_framework},
        {"models as publications write them", test_model},
        {"counts of parameters in a name", test_size},
        {"the shapes of models.csv have the counts their names tell", test_shapes},
        {"an unknown model is layers of its nearest sibling", test_sibling},
    };
    add_suite("names", tests, sizeof tests / sizeof tests[0]);
}
