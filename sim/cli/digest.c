/* SPDX-License-Identifier: Apache-2.0 */
/* trnsim digest: one line per result, as sha256sum prints them. Two files with the same digest
 * hold the same results, whenever and however fast they were made. */
#include <stdio.h>

#include "cli/command.h"
#include "record/result_file.h"

enum { FILES = 1000 };

struct files {
    const char *paths[FILES];
    int count;
};

static bool take(void *input, int key, char *value, struct error *error)
{
    (void)key;
    (void)error;
    struct files *files = input;
    files->paths[files->count++] = value; /* command_parse refuses more than FILES */
    return true;
}

static const struct command_syntax syntax = {
    .name = "digest",
    .arguments = "RESULT...",
    .meaning =
        "Prints the digest of each result: the SHA-256 of all its values and inputs, without\n"
        "what changes from run to run (start, wall time, memory of the simulator).",
    .examples = "  trnsim digest results/a.h5\n"
                "  trnsim digest results/a.h5 results/b.h5\n",
    .least_arguments = 1,
    .most_arguments = FILES,
    .take = take,
};

bool digest_command(int argc, char **argv, struct error *error)
{
    struct files files = {.count = 0};
    struct command_shared shared;
    if (!command_parse(&syntax, argc, argv, &files, &shared, error)) {
        return false;
    }
    for (int i = 0; i < files.count; i++) {
        char text[DIGEST_TEXT_SIZE];
        if (!result_file_digest_apart(files.paths[i], text, error)) {
            return false;
        }
        printf("%s  %s\n", text, files.paths[i]);
    }
    return true;
}
