/* SPDX-License-Identifier: Apache-2.0 */
/* Writing results. The file is built in memory and stored by our own write, fsync and rename:
 * HDF5 1.10 cannot close a file whose disk is full, and would try again when the program ends.
 * The price is memory for the (compressed) result. */
#include "record/result_file.h"

#include <sys/types.h>

#include "record/hdf.h"
#include "record/new_file.h"

enum { IMAGE_STEP_BYTES = 1 << 16 };

static const char noun[] = "result";

void result_file_abandon(void)
{
    new_file_abandon_all();
}

bool result_file_check(const char *path, struct error *error)
{
    return new_file_check(path, noun, error);
}

static bool store(const char *path, const char *bytes, size_t size, struct error *error)
{
    struct new_file file;
    if (!new_file_open(&file, path, noun, error)) {
        return false;
    }
    new_file_write(&file, bytes, size);
    return new_file_close(&file, error);
}

static bool add_table(hid_t file, const struct table *table)
{
    hid_t group = hdf_group(file, table->name);
    bool added = group >= 0 && hdf_add_text(group, "meaning", table->meaning);
    for (int i = 0; added && i < table->column_count; i++) {
        added = hdf_add_column(group, table, i);
    }
    H5Gclose(group);
    return added;
}

static bool add_input(hid_t group, const struct result_input *input)
{
    char digest[DIGEST_TEXT_SIZE];
    digest_of(input->text, input->size, digest);
    hid_t dataset = hdf_add_bytes(group, input->role, input->text, input->size);
    bool added = dataset >= 0 && hdf_add_text(dataset, "path", input->path) &&
                 hdf_add_text(dataset, "sha256", digest);
    H5Dclose(dataset);
    return added;
}

static bool add_everything(hid_t file, const struct result *result)
{
    bool added = hdf_add_count(file, "schema_version", RESULT_SCHEMA_VERSION) &&
                 hdf_add_text(file, "kind", result->kind);
    for (int i = 0; added && i < result->table_count; i++) {
        added = add_table(file, result->tables[i]);
    }
    hid_t inputs = hdf_group(file, "inputs");
    for (int i = 0; added && i < result->input_count; i++) {
        added = add_input(inputs, &result->inputs[i]);
    }
    hid_t provenance = hdf_group(file, "provenance");
    for (int i = 0; added && i < result->fact_count; i++) {
        added = hdf_add_text(provenance, result->facts[i].name, result->facts[i].text);
    }
    H5Gclose(inputs);
    H5Gclose(provenance);
    return added;
}

static hid_t create_in_memory(void)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS), creation = H5Pcreate(H5P_FILE_CREATE);
    H5Pset_fapl_core(access, IMAGE_STEP_BYTES, false);
    H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V110); /* checksums of metadata */
    H5Pset_obj_track_times(creation, false);
    hid_t file = H5Fcreate("result in memory", H5F_ACC_TRUNC, creation, access);
    H5Pclose(access);
    H5Pclose(creation);
    return file;
}

/* The core driver's handle is the address of its memory. H5Fget_file_image only tells the
 * size: in HDF5 1.10 it makes the checksum of newer file formats wrong. */
static bool store_image(hid_t file, const char *path, struct error *error)
{
    void *handle = NULL;
    ssize_t size = H5Fflush(file, H5F_SCOPE_GLOBAL) < 0 ? -1 : H5Fget_file_image(file, NULL, 0);
    if (size <= 0 || H5Fget_vfd_handle(file, H5P_DEFAULT, &handle) < 0) {
        return hdf_refused(path, "finish the result", error);
    }
    const char *image = *(char **)handle;
    return store(path, image, (size_t)size, error);
}

bool result_file_write(const char *path, const struct result *result, struct error *error)
{
    hdf_quiet();
    hid_t file = create_in_memory();
    bool written = (file >= 0 && add_everything(file, result))
                       ? store_image(file, path, error)
                       : hdf_refused(path, "build the result", error);
    H5Fclose(file);
    return written;
}
