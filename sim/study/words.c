/* SPDX-License-Identifier: Apache-2.0 */
#include "study/words.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

static bool in_word(char c)
{
    return isalnum((unsigned char)c) || c == '.';
}

static size_t word_length(const char *text)
{
    size_t length = 0;
    while (in_word(text[length])) {
        length++;
    }
    return length;
}

static const char *next_word(const char *text)
{
    while (*text != '\0' && !in_word(*text)) {
        text++;
    }
    return text;
}

static bool has_word(const char *name, const char *word, size_t length)
{
    for (name = next_word(name); *name != '\0'; name = next_word(name)) {
        size_t size = word_length(name);
        if (size == length && strncasecmp(name, word, length) == 0) {
            return true;
        }
        name += size;
    }
    return false;
}

bool words_fit(const char *pattern, const char *name)
{
    const char *word = next_word(pattern);
    bool any = *word != '\0';
    while (*word != '\0') {
        size_t length = word_length(word);
        if (!has_word(name, word, length)) {
            return false;
        }
        word = next_word(word + length);
    }
    return any;
}
