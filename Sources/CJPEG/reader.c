#include "CJPEG.h"

#include <setjmp.h>
#include <stdio.h> // Used by jpeglib.h, which does not include it.
#include <stdlib.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

struct cjpeg_reader {
    struct jpeg_decompress_struct decompressor;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf failed;
    JOCTET *profile;
    int maximum_scans;
    bool (*is_stopped)(void);
    /// Whether the bytes ended without an end marker, which was then inserted.
    bool has_ended;
    /// Whether pixels are missing because the bytes ended.
    bool is_truncated;
    cjpeg_result result;
};

/// Number of warnings at which reading fails; a picture with that many is only noise.
enum { maximum_warnings = 100 };

static void fail(j_common_ptr common)
{
    cjpeg_reader *reader = common->client_data;
    longjmp(reader->failed, 1);
}

static void count_warning(j_common_ptr common, int level)
{
    cjpeg_reader *reader = common->client_data;
    if (level >= 0)
        return;
    if (reader->has_ended) {
        // The decoder ran into the inserted end marker, once for each restart interval that is missing.
        reader->is_truncated = true;
    } else if (++common->err->num_warnings >= maximum_warnings) {
        fail(common);
    }
}

/// Called for each row of blocks.
static void monitor_progress(j_common_ptr common)
{
    cjpeg_reader *reader = common->client_data;
    if (reader->decompressor.input_scan_number > reader->maximum_scans)
        reader->result = CJPEG_TOO_MANY_SCANS;
    else if (reader->is_stopped())
        reader->result = CJPEG_STOPPED;
    else
        return;
    reader->errors.msg_code = 0;
    fail(common);
}

/// Continues the bytes with an end marker.
static void insert_end(j_decompress_ptr decompressor)
{
    static const JOCTET end[] = {0xFF, JPEG_EOI};
    cjpeg_reader *reader = decompressor->client_data;
    reader->has_ended = true;
    decompressor->src->next_input_byte = end;
    decompressor->src->bytes_in_buffer = sizeof end;
}

/// Called for more bytes: as all are available from the start, they ended.
static boolean end_input(j_decompress_ptr decompressor)
{
    // The fields of a segment must not be read from the inserted marker, so libjpeg is told to wait.
    if (decompressor->unread_marker != 0)
        return FALSE;
    insert_end(decompressor);
    return TRUE;
}

/// Skips like libjpeg's own source, but ends when the bytes do instead of skipping through inserted end markers.
static void skip_bytes(j_decompress_ptr decompressor, long count)
{
    if (count <= 0)
        return;
    if ((size_t)count >= decompressor->src->bytes_in_buffer) {
        insert_end(decompressor);
        return;
    }
    decompressor->src->next_input_byte += count;
    decompressor->src->bytes_in_buffer -= (size_t)count;
}

/// Whether some coefficients never arrived although the bytes ended between two scans.
static bool lacks_scans(const struct jpeg_decompress_struct *decompressor)
{
    for (int index = 0; index < decompressor->num_components; index++) {
        // libjpeg keeps a component's table when its first scan begins.
        if (!decompressor->comp_info[index].quant_table)
            return true;
        for (int k = 0; decompressor->coef_bits && k < DCTSIZE2; k++)
            if (decompressor->coef_bits[index][k] != 0)
                return true;
    }
    return false;
}

/// Returns what libjpeg's error says about the picture.
static cjpeg_result result_of_error(const cjpeg_reader *reader)
{
    const struct jpeg_decompress_struct *decompressor = &reader->decompressor;
    switch (reader->errors.msg_code) {
    case JERR_BAD_PRECISION: return CJPEG_HIGH_PRECISION;
    case JERR_SOF_UNSUPPORTED:
        // The marker: SOF3 and SOF11 are lossless, the others differential.
        return (reader->errors.msg_parm.i[0] & 7) == 3 ? CJPEG_LOSSLESS : CJPEG_RARE_PROCESS;
    case JERR_UNKNOWN_MARKER:
        // SOF55 is that of JPEG-LS.
        return reader->errors.msg_parm.i[0] == 0xF7 ? CJPEG_LOSSLESS : CJPEG_DAMAGED;
    case JERR_EMPTY_IMAGE:
        return decompressor->image_height == 0 && decompressor->image_width > 0 ? CJPEG_NO_HEIGHT : CJPEG_DAMAGED;
    default: return reader->result;
    }
}

static void find_exif(struct jpeg_decompress_struct *decompressor, cjpeg_header *header)
{
    for (jpeg_saved_marker_ptr segment = decompressor->marker_list; segment; segment = segment->next) {
        if (segment->marker != JPEG_APP0 + 1 || segment->data_length < 4 || memcmp(segment->data, "Exif", 4) != 0)
            continue;
        header->exif = segment->data;
        header->exif_count = segment->data_length;
        return;
    }
}

cjpeg_reader *cjpeg_open(const uint8_t *bytes, size_t count, cjpeg_header *header, cjpeg_result *result)
{
    cjpeg_reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return NULL;
    struct jpeg_decompress_struct *decompressor = &reader->decompressor;
    decompressor->err = jpeg_std_error(&reader->errors);
    decompressor->client_data = reader;
    reader->errors.error_exit = fail;
    reader->errors.emit_message = count_warning;
    memset(header, 0, sizeof *header);
    *result = reader->result = CJPEG_DAMAGED;
    if (setjmp(reader->failed)) {
        *result = result_of_error(reader);
        return reader;
    }

    jpeg_create_decompress(decompressor);
    jpeg_mem_src(decompressor, bytes, count);
    decompressor->src->fill_input_buffer = end_input;
    decompressor->src->skip_input_data = skip_bytes;
    jpeg_save_markers(decompressor, JPEG_APP0 + 1, 0xFFFF);
    jpeg_save_markers(decompressor, JPEG_APP0 + 2, 0xFFFF);
    if (jpeg_read_header(decompressor, TRUE) == JPEG_SUSPENDED)
        return reader;

    header->width = decompressor->image_width;
    header->height = decompressor->image_height;
    switch (decompressor->out_color_space) {
    case JCS_GRAYSCALE: header->channels = 1; break;
    case JCS_RGB: header->channels = 3; break;
    case JCS_CMYK: header->channels = 4; break;
    default: break;
    }
    header->is_arithmetic = decompressor->arith_code;
    find_exif(decompressor, header);
    unsigned profile_count = 0;
    if (jpeg_read_icc_profile(decompressor, &reader->profile, &profile_count)) {
        header->profile = reader->profile;
        header->profile_count = profile_count;
    }
    // Version 3 of libjpeg-turbo reads such headers, but decodes their pixels with other functions.
    *result = decompressor->data_precision == 8 ? CJPEG_DONE : CJPEG_HIGH_PRECISION;
    return reader;
}

cjpeg_result cjpeg_read(cjpeg_reader *reader, unsigned reduction, unsigned channels, int maximum_scans,
                        bool (*is_stopped)(void), uint8_t *pixels)
{
    struct jpeg_decompress_struct *decompressor = &reader->decompressor;
    reader->maximum_scans = maximum_scans;
    reader->is_stopped = is_stopped;
    if (setjmp(reader->failed))
        return result_of_error(reader);

    decompressor->scale_num = 1;
    decompressor->scale_denom = reduction;
    if (channels == 3)
        decompressor->out_color_space = JCS_RGB;
    reader->progress.progress_monitor = monitor_progress;
    decompressor->progress = &reader->progress;
    if (!jpeg_start_decompress(decompressor)) {
        // The bytes end in a segment between two scans; it is dropped.
        decompressor->unread_marker = 0;
        insert_end(decompressor);
        jpeg_start_decompress(decompressor);
    }
    size_t row_count = (size_t)decompressor->output_width * channels;
    while (decompressor->output_scanline < decompressor->output_height) {
        JSAMPROW row = pixels + decompressor->output_scanline * row_count;
        if (jpeg_read_scanlines(decompressor, &row, 1) == 0)
            return reader->result;
        // By convention, JPEG stores CMYK inverted: 255 is no ink.
        for (size_t i = 0; channels == 4 && i < row_count; i++)
            row[i] = 255 - row[i];
    }
    bool is_whole = !reader->has_ended || (!reader->is_truncated && !lacks_scans(decompressor));
    return is_whole ? CJPEG_DONE : CJPEG_TRUNCATED;
}

void cjpeg_describe(cjpeg_reader *reader, char text[200])
{
    _Static_assert(JMSG_LENGTH_MAX == 200, "text must hold a message of libjpeg");
    reader->errors.format_message((j_common_ptr)&reader->decompressor, text);
}

void cjpeg_close(cjpeg_reader *reader)
{
    jpeg_destroy_decompress(&reader->decompressor);
    free(reader->profile);
    free(reader);
}
