/* SPDX-License-Identifier: Apache-2.0 */
/* The program: picks the command, tells what went wrong, and turns that into the exit status.
 */
#include "cli/command.h"

int main(int argc, char **argv)
{
    struct error error = {.kind = ERROR_NONE};
    command_signals();
    command_dispatch(argc, argv, &error);
    command_close_output(&error);
    if (error.kind != ERROR_NONE) {
        error_print(&error);
    }
    return error_exit_status(error.kind);
}
