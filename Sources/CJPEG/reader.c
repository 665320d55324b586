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
    if (level < 0 && ++common->err->num_warnings >= maximum_warnings)
        fail(common);
}

static void count_scans(j_common_ptr common)
{
    cjpeg_reader *reader = common->client_data;
    if (reader->decompressor.input_scan_number <= reader->maximum_scans)
        return;
    reader->result = CJPEG_TOO_MANY_SCANS;
    fail(common);
}

/// Fails: all bytes are available from the start, so a request for more means that the picture is truncated.
static boolean refuse_to_fill(j_decompress_ptr decompressor)
{
    ERREXIT(decompressor, JERR_INPUT_EOF);
    return FALSE;
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
    if (setjmp(reader->failed))
        return reader;

    jpeg_create_decompress(decompressor);
    jpeg_mem_src(decompressor, bytes, count);
    decompressor->src->fill_input_buffer = refuse_to_fill;
    jpeg_save_markers(decompressor, JPEG_APP0 + 1, 0xFFFF);
    jpeg_save_markers(decompressor, JPEG_APP0 + 2, 0xFFFF);
    jpeg_read_header(decompressor, TRUE);

    header->width = decompressor->image_width;
    header->height = decompressor->image_height;
    switch (decompressor->out_color_space) {
    case JCS_GRAYSCALE: header->channels = 1; break;
    case JCS_RGB: header->channels = 3; break;
    case JCS_CMYK: header->channels = 4; break;
    default: break;
    }
    find_exif(decompressor, header);
    unsigned profile_count = 0;
    if (jpeg_read_icc_profile(decompressor, &reader->profile, &profile_count)) {
        header->profile = reader->profile;
        header->profile_count = profile_count;
    }
    *result = CJPEG_DONE;
    return reader;
}

cjpeg_result cjpeg_read(cjpeg_reader *reader, unsigned reduction, unsigned channels, int maximum_scans,
                        uint8_t *pixels)
{
    struct jpeg_decompress_struct *decompressor = &reader->decompressor;
    reader->maximum_scans = maximum_scans;
    if (setjmp(reader->failed))
        return reader->result;

    decompressor->scale_num = 1;
    decompressor->scale_denom = reduction;
    if (channels == 3)
        decompressor->out_color_space = JCS_RGB;
    reader->progress.progress_monitor = count_scans;
    decompressor->progress = &reader->progress;
    jpeg_start_decompress(decompressor);
    size_t row_count = (size_t)decompressor->output_width * channels;
    while (decompressor->output_scanline < decompressor->output_height) {
        JSAMPROW row = pixels + decompressor->output_scanline * row_count;
        jpeg_read_scanlines(decompressor, &row, 1);
        // By convention, JPEG stores CMYK inverted: 255 is no ink.
        for (size_t i = 0; channels == 4 && i < row_count; i++)
            row[i] = 255 - row[i];
    }
    return CJPEG_DONE;
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
