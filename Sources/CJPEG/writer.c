#include "CJPEG.h"

#include <setjmp.h>
#include <stdio.h> // Used by jpeglib.h, which does not include it.
#include <stdlib.h>

#include <jpeglib.h>

/// libjpeg-turbo's own writer to memory leaves a dangling pointer when writing fails.
typedef struct {
    struct jpeg_compress_struct compressor;
    struct jpeg_error_mgr errors;
    struct jpeg_destination_mgr destination;
    jmp_buf failed;
    uint8_t *bytes;
    size_t capacity;
} writer;

static void fail(j_common_ptr common)
{
    writer *writer = common->client_data;
    longjmp(writer->failed, 1);
}

static void ignore_warning(j_common_ptr common, int level)
{
    (void)common, (void)level;
}

static void do_nothing(j_compress_ptr compressor)
{
    (void)compressor;
}

/// Called when the memory is full.
static boolean grow_output(j_compress_ptr compressor)
{
    writer *writer = compressor->client_data;
    uint8_t *bytes = realloc(writer->bytes, 2 * writer->capacity);
    if (bytes == NULL)
        longjmp(writer->failed, 1);
    writer->bytes = bytes;
    writer->destination.next_output_byte = bytes + writer->capacity;
    writer->destination.free_in_buffer = writer->capacity;
    writer->capacity *= 2;
    return TRUE;
}

static void write_picture(writer *writer, const uint8_t *pixels, bool (*is_stopped)(void))
{
    j_compress_ptr compressor = &writer->compressor;
    jpeg_start_compress(compressor, TRUE);
    while (compressor->next_scanline < compressor->image_height) {
        if (compressor->next_scanline % 16 == 0 && is_stopped())
            longjmp(writer->failed, 1);
        JSAMPROW row = (JSAMPROW)pixels + (size_t)3 * compressor->image_width * compressor->next_scanline;
        jpeg_write_scanlines(compressor, &row, 1);
    }
    jpeg_finish_compress(compressor);
}

uint8_t *cjpeg_write(const uint8_t *pixels, uint32_t width, uint32_t height, int quality, bool (*is_stopped)(void),
                     size_t *count)
{
    writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL)
        return NULL;
    j_compress_ptr compressor = &writer->compressor;
    uint8_t *bytes = NULL;
    compressor->err = jpeg_std_error(&writer->errors);
    compressor->client_data = writer;
    writer->errors.error_exit = fail;
    writer->errors.emit_message = ignore_warning;
    writer->capacity = 1 << 16;
    writer->bytes = malloc(writer->capacity);
    if (writer->bytes != NULL && setjmp(writer->failed) == 0) {
        jpeg_create_compress(compressor);
        writer->destination.init_destination = do_nothing;
        writer->destination.empty_output_buffer = grow_output;
        writer->destination.term_destination = do_nothing;
        writer->destination.next_output_byte = writer->bytes;
        writer->destination.free_in_buffer = writer->capacity;
        compressor->dest = &writer->destination;
        compressor->image_width = width;
        compressor->image_height = height;
        compressor->input_components = 3;
        compressor->in_color_space = JCS_RGB;
        jpeg_set_defaults(compressor);
        jpeg_set_quality(compressor, quality, TRUE);
        // The same bytes as earlier releases.
        compressor->write_JFIF_header = FALSE;
        if (quality >= 90)
            compressor->comp_info[0].h_samp_factor = compressor->comp_info[0].v_samp_factor = 1;
        write_picture(writer, pixels, is_stopped);
        *count = writer->capacity - writer->destination.free_in_buffer;
        jpeg_destroy_compress(compressor);
        bytes = writer->bytes;
    } else {
        jpeg_destroy_compress(compressor);
        free(writer->bytes);
    }
    free(writer);
    return bytes;
}
