/* SPDX-License-Identifier: Apache-2.0 */
/* Groups, attributes and columns of HDF5 files. Each function closes the ids that it opened;
 * closing a negative id is refused by HDF5 in silence, which keeps the failure paths short. */
#include "record/hdf.h"

#include <string.h>

#include "base/arena.h"

enum { COMPRESS_ROWS = 1000, DEFLATE_LEVEL = 4, GROUP_PATH_SIZE = 256 };

void hdf_quiet(void)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

static herr_t keep_first(unsigned depth, const H5E_error2_t *cause, void *text)
{
    (void)depth;
    const char **first = text;
    if (*first == NULL && cause->desc != NULL) {
        *first = cause->desc;
    }
    return 0;
}

bool hdf_refused(const char *path, const char *what, struct error *error)
{
    const char *reason = NULL;
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, &reason);
    return error_at(error, ERROR_SYSTEM, path, 0, 0, "HDF5 refused to %s (%.200s)", what,
                    reason == NULL ? "it does not say why" : reason);
}

/* Creation properties without object times. */
static hid_t plain(hid_t class)
{
    hid_t properties = H5Pcreate(class);
    H5Pset_obj_track_times(properties, false);
    return properties;
}

static hid_t open_or_create(hid_t parent, const char *path)
{
    htri_t there = H5Lexists(parent, path, H5P_DEFAULT);
    if (there != 0) {
        return there < 0 ? -1 : H5Gopen2(parent, path, H5P_DEFAULT);
    }
    hid_t properties = plain(H5P_GROUP_CREATE);
    /* h5py then lists columns as they were described, not by the alphabet. */
    H5Pset_link_creation_order(properties, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
    hid_t group = H5Gcreate2(parent, path, H5P_DEFAULT, properties, H5P_DEFAULT);
    H5Pclose(properties);
    return group;
}

hid_t hdf_group(hid_t parent, const char *path)
{
    char part[GROUP_PATH_SIZE];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof part) {
        return -1;
    }
    hid_t group = -1;
    for (size_t i = 1; i <= length; i++) {
        if (path[i] == '/' || path[i] == '\0') {
            memcpy(part, path, i);
            part[i] = '\0';
            H5Gclose(group);
            group = open_or_create(parent, part);
        }
    }
    return group;
}

static hid_t text_type(size_t size, H5T_str_t padding)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, size > 0 ? size : 1);
    H5Tset_strpad(type, padding);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

static bool add_attribute(hid_t object, const char *name, hid_t file_type, hid_t type,
                          const void *value)
{
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t attribute = H5Acreate2(object, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT);
    bool written = H5Awrite(attribute, type, value) >= 0;
    H5Aclose(attribute);
    H5Sclose(space);
    return written;
}

/* Attributes are of variable length: that is what h5py gives back as str and not as bytes. */
static hid_t long_text_type(void)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

bool hdf_add_text(hid_t object, const char *name, const char *text)
{
    hid_t type = long_text_type();
    bool written = add_attribute(object, name, type, type, &text);
    H5Tclose(type);
    return written;
}

bool hdf_add_count(hid_t object, const char *name, int64_t value)
{
    return add_attribute(object, name, H5T_STD_I64LE, H5T_NATIVE_INT64, &value);
}

static hid_t create_dataset(hid_t group, const char *name, hid_t type, hid_t space,
                            hsize_t rows)
{
    hid_t properties = plain(H5P_DATASET_CREATE);
    if (rows > COMPRESS_ROWS) {
        hsize_t chunk = rows < HDF_BLOCK_ROWS ? rows : HDF_BLOCK_ROWS;
        H5Pset_chunk(properties, 1, &chunk);
        H5Pset_shuffle(properties);
        H5Pset_deflate(properties, DEFLATE_LEVEL);
    }
    hid_t dataset = H5Dcreate2(group, name, type, space, H5P_DEFAULT, properties, H5P_DEFAULT);
    H5Pclose(properties);
    return dataset;
}

hid_t hdf_add_bytes(hid_t group, const char *name, const char *bytes, size_t size)
{
    hid_t type = text_type(size, H5T_STR_NULLPAD); /* exactly these bytes */
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t dataset = create_dataset(group, name, type, space, 1);
    if (H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, size > 0 ? bytes : "") < 0) {
        H5Dclose(dataset);
        dataset = -1;
    }
    H5Sclose(space);
    H5Tclose(type);
    return dataset;
}

static const union cell *cell_at(const struct table *table, int64_t row, int column)
{
    return &table->cells[row * table->column_count + column];
}

static const char *text_at(const struct table *table, int64_t row, int column)
{
    const char *text = cell_at(table, row, column)->text;
    return text == NULL ? "" : text;
}

static size_t cell_width(const struct table *table, int column)
{
    size_t width = 1;
    if (table->columns[column].type != COLUMN_TEXT) {
        return sizeof(union cell);
    }
    for (int64_t row = 0; row < table->row_count; row++) {
        size_t size = strlen(text_at(table, row, column)) + 1;
        width = size > width ? size : width;
    }
    return width;
}

static void gather(const struct table *table, int column, int64_t first, size_t width,
                   int64_t count, unsigned char *block)
{
    bool is_text = table->columns[column].type == COLUMN_TEXT;
    for (int64_t i = 0; i < count; i++, block += width) {
        if (is_text) {
            const char *text = text_at(table, first + i, column);
            memset(block, 0, width);
            memcpy(block, text, strlen(text));
        } else {
            memcpy(block, cell_at(table, first + i, column), width);
        }
    }
}

static bool write_block(hid_t dataset, hid_t type, hsize_t first, hsize_t count,
                        const void *block)
{
    hid_t target = H5Dget_space(dataset);
    hid_t source = H5Screate_simple(1, &count, NULL);
    H5Sselect_hyperslab(target, H5S_SELECT_SET, &first, NULL, &count, NULL);
    bool written = H5Dwrite(dataset, type, source, target, H5P_DEFAULT, block) >= 0;
    H5Sclose(source);
    H5Sclose(target);
    return written;
}

/* Blocks have the chunks' size and place: each chunk is compressed once. */
static bool write_cells(hid_t dataset, hid_t type, const struct table *table, int column)
{
    size_t width = cell_width(table, column);
    unsigned char *block = arena_library_realloc(NULL, NULL, HDF_BLOCK_ROWS * width);
    bool written = true;
    for (int64_t row = 0; written && row < table->row_count; row += HDF_BLOCK_ROWS) {
        int64_t left = table->row_count - row;
        int64_t count = left < HDF_BLOCK_ROWS ? left : HDF_BLOCK_ROWS;
        gather(table, column, row, width, count, block);
        written = write_block(dataset, type, (hsize_t)row, (hsize_t)count, block);
    }
    arena_library_realloc(NULL, block, 0);
    return written;
}

bool hdf_add_column(hid_t group, const struct table *table, int column)
{
    const struct column *head = &table->columns[column];
    hsize_t rows = (hsize_t)table->row_count;
    hid_t text = text_type(cell_width(table, column), H5T_STR_NULLTERM);
    hid_t file_types[] = {H5T_IEEE_F64LE, H5T_STD_I64LE, text};
    hid_t types[] = {H5T_NATIVE_DOUBLE, H5T_NATIVE_INT64, text};
    hid_t space = H5Screate_simple(1, &rows, NULL);
    hid_t dataset = create_dataset(group, head->name, file_types[head->type], space, rows);
    bool written = dataset >= 0 && write_cells(dataset, types[head->type], table, column) &&
                   hdf_add_text(dataset, "unit", head->unit) &&
                   hdf_add_text(dataset, "meaning", head->meaning);
    H5Dclose(dataset);
    H5Sclose(space);
    H5Tclose(text);
    return written;
}

static bool has_one_value(hid_t attribute)
{
    hid_t space = H5Aget_space(attribute);
    bool one = H5Sget_simple_extent_npoints(space) == 1;
    H5Sclose(space);
    return one;
}

static bool has_class(hid_t attribute, H5T_class_t class)
{
    hid_t type = H5Aget_type(attribute);
    bool right = H5Tget_class(type) == class;
    right = right && (class != H5T_STRING || H5Tis_variable_str(type) > 0);
    H5Tclose(type);
    return right;
}

/* A copy in our own memory; HDF5's is given back. */
static char *take_text(hid_t attribute)
{
    hid_t type = long_text_type(), space = H5Aget_space(attribute);
    char *theirs = NULL, *ours = NULL;
    if (H5Aread(attribute, type, &theirs) >= 0) {
        size_t size = theirs == NULL ? 1 : strlen(theirs) + 1;
        ours = arena_library_realloc(NULL, NULL, size);
        memcpy(ours, theirs == NULL ? "" : theirs, size);
        H5Dvlen_reclaim(type, space, H5P_DEFAULT, &theirs);
    }
    H5Sclose(space);
    H5Tclose(type);
    return ours;
}

char *hdf_read_text(hid_t object, const char *name)
{
    hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
    bool right = attribute >= 0 && has_one_value(attribute) && has_class(attribute, H5T_STRING);
    char *text = right ? take_text(attribute) : NULL;
    H5Aclose(attribute);
    return text;
}

void hdf_free_text(char *text)
{
    arena_library_realloc(NULL, text, 0);
}

bool hdf_read_count(hid_t object, const char *name, int64_t *value)
{
    *value = 0;
    hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
    bool read = attribute >= 0 && has_one_value(attribute) &&
                has_class(attribute, H5T_INTEGER) &&
                H5Aread(attribute, H5T_NATIVE_INT64, value) >= 0;
    H5Aclose(attribute);
    return read;
}
