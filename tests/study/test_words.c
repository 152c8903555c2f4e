/* SPDX-License-Identifier: Apache-2.0 */
#include "study/words.h"

#include "support/support.h"

static void test_fit(void)
{
    CU_ASSERT(words_fit("H100 PCIe", "NVIDIA-H100-PCIE-80GB"));
    CU_ASSERT(words_fit("H100", "NVIDIA H100 80GB HBM3"));
    CU_ASSERT(words_fit("A100", "a100_dgx_all_reduce.csv.gz"));
    CU_ASSERT(!words_fit("B200", "GB200 SXM"));
    CU_ASSERT(!words_fit("H100 PCIe", "H100 SXM"));
    CU_ASSERT(!words_fit("H20", "H200"));
    CU_ASSERT(!words_fit("", "H200"));
    CU_ASSERT(!words_fit("H200", ""));
}

void suite_words(void);

void suite_words(void)
{
    static const struct test tests[] = {{"words of a pattern in a name", test_fit}};
    add_suite("words", tests, sizeof tests / sizeof tests[0]);
}
