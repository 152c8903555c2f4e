/* SPDX-License-Identifier: Apache-2.0 */
/* The digest of what a result says. Objects and attributes go in by name order with their
 * names, and values in one form each (64-bit little-endian numbers, texts without padding), so
 * that neither HDF5's version nor the file's layout matters. /provenance is left out: it tells
 * when and where a result was made. */
#include "record/result_file.h"

#include <string.h>

#include "record/hdf.h"

enum { TEXT_MAX = 1 << 30 };

struct walk {
    struct digest digest;
    bool whole; /* false as soon as something could not be read or has a type we do not write */
};

static void add_text(struct walk *walk, const char *text, size_t size)
{
    digest_add(&walk->digest, text, size);
    digest_add(&walk->digest, "", 1);
}

static void add_number(struct walk *walk, uint64_t bits)
{
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++) {
        bytes[i] = (unsigned char)(bits >> (8 * i));
    }
    digest_add(&walk->digest, bytes, sizeof bytes);
}

/* Every not-a-number is the same. */
static void add_double(struct walk *walk, double value)
{
    uint64_t bits = 0x7ff8000000000000u;
    if (value == value) {
        memcpy(&bits, &value, sizeof bits);
    }
    add_number(walk, bits);
}

/* The type in memory of a stored type, in *width its bytes; negative for types that results do
 * not have. */
static hid_t memory_type(hid_t stored, size_t *width)
{
    *width = 8;
    switch ((int)H5Tget_class(stored)) {
    case H5T_FLOAT:
        return H5Tcopy(H5T_NATIVE_DOUBLE);
    case H5T_INTEGER:
        return H5Tcopy(H5T_NATIVE_INT64);
    case H5T_STRING:
        *width = H5Tget_size(stored);
        return H5Tis_variable_str(stored) == 0 && *width <= TEXT_MAX ? H5Tcopy(stored) : -1;
    default:
        return -1;
    }
}

static size_t unpadded(const char *text, size_t width)
{
    while (width > 0 && text[width - 1] == '\0') {
        width--;
    }
    return width;
}

static void add_values(struct walk *walk, hid_t type, const unsigned char *values,
                       hsize_t count, size_t width)
{
    H5T_class_t class = H5Tget_class(type);
    for (hsize_t i = 0; i < count; i++, values += width) {
        if (class == H5T_STRING) {
            add_text(walk, (const char *)values, unpadded((const char *)values, width));
        } else if (class == H5T_FLOAT) {
            double value;
            memcpy(&value, values, sizeof value);
            add_double(walk, value);
        } else {
            uint64_t bits;
            memcpy(&bits, values, sizeof bits);
            add_number(walk, bits);
        }
    }
}

static bool read_block(hid_t dataset, hid_t type, hid_t space, hsize_t first, hsize_t count,
                       void *values)
{
    hid_t target = H5Screate_simple(1, &count, NULL);
    if (H5Sget_simple_extent_ndims(space) == 1) {
        H5Sselect_hyperslab(space, H5S_SELECT_SET, &first, NULL, &count, NULL);
    }
    bool read = H5Dread(dataset, type, target, space, H5P_DEFAULT, values) >= 0;
    H5Sclose(target);
    return read;
}

static bool add_rows(struct walk *walk, hid_t dataset, hid_t type, size_t width)
{
    hid_t space = H5Dget_space(dataset);
    hssize_t rows = H5Sget_simple_extent_npoints(space);
    hsize_t most = width > 4096 ? 1 : HDF_BLOCK_ROWS;
    bool read = rows >= 0 && H5Sget_simple_extent_ndims(space) <= 1;
    add_number(walk, (uint64_t)rows);
    unsigned char *values = arena_library_realloc(NULL, NULL, (size_t)most * width);
    for (hsize_t row = 0; read && row < (hsize_t)rows; row += most) {
        hsize_t left = (hsize_t)rows - row, count = left < most ? left : most;
        read = read_block(dataset, type, space, row, count, values);
        if (read) {
            add_values(walk, type, values, count, width);
        }
    }
    arena_library_realloc(NULL, values, 0);
    H5Sclose(space);
    return read;
}

static bool add_dataset(struct walk *walk, hid_t dataset)
{
    size_t width;
    hid_t stored = H5Dget_type(dataset);
    hid_t type = memory_type(stored, &width);
    add_number(walk, (uint64_t)H5Tget_class(stored));
    bool added = type >= 0 && width > 0 && add_rows(walk, dataset, type, width);
    H5Tclose(type);
    H5Tclose(stored);
    return added;
}

/* The attributes of results are texts and whole numbers. */
static herr_t visit_attribute(hid_t object, const char *name, const H5A_info_t *info,
                              void *walking)
{
    (void)info;
    struct walk *walk = walking;
    int64_t number;
    char *text = hdf_read_text(object, name);
    add_text(walk, name, strlen(name));
    if (text != NULL) {
        add_number(walk, H5T_STRING);
        add_text(walk, text, strlen(text));
    } else if (hdf_read_count(object, name, &number)) {
        add_number(walk, H5T_INTEGER);
        add_number(walk, (uint64_t)number);
    } else {
        walk->whole = false;
    }
    hdf_free_text(text);
    return walk->whole ? H5_ITER_CONT : H5_ITER_STOP;
}

static bool is_provenance(const char *path)
{
    static const char name[] = "provenance";
    size_t length = sizeof name - 1;
    return strncmp(path, name, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

static herr_t visit_object(hid_t file, const char *path, const H5O_info_t *info, void *walking)
{
    struct walk *walk = walking;
    if (is_provenance(path)) {
        return H5_ITER_CONT;
    }
    add_text(walk, path, strlen(path));
    add_number(walk, (uint64_t)info->type);
    hid_t object = H5Oopen(file, path, H5P_DEFAULT);
    walk->whole =
        object >= 0 && (info->type != H5O_TYPE_DATASET || add_dataset(walk, object)) &&
        H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, NULL, visit_attribute, walk) >= 0 &&
        walk->whole;
    H5Oclose(object);
    return walk->whole ? H5_ITER_CONT : H5_ITER_STOP;
}

bool result_file_digest(const char *path, char text[DIGEST_TEXT_SIZE], struct error *error)
{
    hid_t file = hdf_open_result(path, error);
    if (file < 0) {
        return false;
    }
    struct walk walk = {.whole = true};
    digest_init(&walk.digest);
    bool visited =
        H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_INC, visit_object, &walk, H5O_INFO_BASIC) >= 0;
    digest_end(&walk.digest, text);
    H5Fclose(file);
    return (visited && walk.whole) ||
           error_at(
               error, ERROR_INPUT, path, 0, 0,
               "holds something that cannot be read or that trnsim does not write; copy the "
               "file again or run again");
}
