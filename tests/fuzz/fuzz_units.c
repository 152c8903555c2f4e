/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses the unit, the rest is the text. A value that was read is finite, not
 * negative, and its print fits. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "fuzz_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[256], shown[24];
    if (size < 1 || size > sizeof text) {
        return -1;
    }
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    struct error error = {0};
    double value = -1;
    enum unit unit = (enum unit)(data[0] % UNIT_KINDS);
    bool read = units_read(text, unit, &value, &error);
    fuzz_input_check(read, &error);
    assert(isfinite(value) && value >= 0);
    units_print(shown, sizeof shown, value, unit);
    assert(strlen(shown) < sizeof shown - 1);
    return 0;
}
