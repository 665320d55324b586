#ifndef CJPEG_H
#define CJPEG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// A JPEG that libjpeg-turbo reads from memory.
///
/// Errors of libjpeg-turbo are raised with longjmp, which must not skip Swift frames, so C code has to catch them.
typedef struct cjpeg_reader cjpeg_reader;

/// The header of a JPEG; the pointers are valid until the reader is closed.
typedef struct {
    /// Size in pixels as stored, at least 1.
    uint32_t width, height;
    /// 1 for grey, 3 for RGB, 4 for CMYK; 0 for channels of unknown meaning.
    uint32_t channels;
    /// Whether the pixels are coded arithmetically, which takes many times as long as Huffman codes.
    bool is_arithmetic;
    /// The first EXIF segment, starting with `Exif`; NULL if there is none.
    const uint8_t *exif;
    size_t exif_count;
    /// The ICC profile; NULL if there is none or it is incomplete.
    const uint8_t *profile;
    size_t profile_count;
} cjpeg_header;

/// The outcome of reading a picture.
typedef enum {
    CJPEG_DONE,
    /// The bytes are damaged or truncated.
    CJPEG_DAMAGED,
    /// There are more scans than allowed.
    CJPEG_TOO_MANY_SCANS,
    /// The bytes end before the last pixel; the missing ones are grey, or coarser than they should be.
    CJPEG_TRUNCATED,
    /// A sample has more than 8 bits.
    CJPEG_HIGH_PRECISION,
    /// The compression is lossless.
    CJPEG_LOSSLESS,
    /// The compression is hierarchical, or another that hardly any program supports.
    CJPEG_RARE_PROCESS,
    /// The header does not state the height.
    CJPEG_NO_HEIGHT,
    /// Decoding was stopped by the caller.
    CJPEG_STOPPED,
} cjpeg_result;

/// Reads the header.
///
/// @param bytes `[count]`, borrowed until the reader is closed.
/// @param header Receives the header.
/// @param result Receives the outcome.
/// @return A reader, which must be closed whatever the result; NULL if memory runs out.
cjpeg_reader *cjpeg_open(const uint8_t *bytes, size_t count, cjpeg_header *header, cjpeg_result *result);

/// Decodes the pixels with libjpeg-turbo's accurate DCT and smooth upsampling; may be called once per reader.
///
/// Up to 99 problems of which libjpeg only warns (bytes before a marker, missing blocks) are ignored. A missing end
/// marker is ignored too, if all pixels are there.
/// @param reduction 1, 2, 4 or 8: each pixel of the result is about the mean of that many pixels across and down.
/// @param channels As in the header; 3 is also valid for a grey picture.
/// @param maximum_scans Maximum number of scans to read; each takes time.
/// @param is_stopped Called now and then; decoding ends with `CJPEG_STOPPED` when it returns true.
/// @param pixels Receives `[ceil(height / reduction), ceil(width / reduction), channels]`. In CMYK, 0 is no ink.
cjpeg_result cjpeg_read(cjpeg_reader *reader, unsigned reduction, unsigned channels, int maximum_scans,
                        bool (*is_stopped)(void), uint8_t *pixels);

/// Writes libjpeg's description of the damage.
///
/// @param text Receives up to 200 bytes, including the terminating 0.
void cjpeg_describe(cjpeg_reader *reader, char text[200]);

void cjpeg_close(cjpeg_reader *reader);

/// Writes `height * width * 3` bytes of RGB as a baseline JPEG, with full colour resolution from quality 90 on.
///
/// @param quality 1 to 100.
/// @param is_stopped Called now and then; writing fails when it returns true.
/// @return The file of `count` bytes, to be released with `free`; NULL on failure.
uint8_t *cjpeg_write(const uint8_t *pixels, uint32_t width, uint32_t height, int quality, bool (*is_stopped)(void),
                     size_t *count);

#endif
