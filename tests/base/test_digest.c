/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 against the examples of FIPS 180-4, at once and in parts. */
#include <string.h>

#include "base/digest.h"
#include "support/support.h"

static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

static void published_examples(void)
{
    char text[DIGEST_TEXT_SIZE];
    digest_of("abc", 3, text);
    CU_ASSERT_STRING_EQUAL(text, abc);
    digest_of("", 0, text);
    CU_ASSERT_STRING_EQUAL(text,
                           "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void parts_make_the_whole(void)
{
    struct digest digest;
    char text[DIGEST_TEXT_SIZE];
    digest_init(&digest);
    digest_add(&digest, "a", 1);
    digest_add(&digest, "", 0);
    digest_add(&digest, "bc", 2);
    digest_end(&digest, text);
    CU_ASSERT_STRING_EQUAL(text, abc);
}

void suite_digest(void)
{
    static const struct test tests[] = {{"published examples", published_examples},
                                        {"parts make the whole", parts_make_the_whole}};
    add_suite("digest", tests, sizeof tests / sizeof tests[0]);
}
