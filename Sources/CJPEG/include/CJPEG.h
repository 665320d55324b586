#ifndef CJPEG_H
#define CJPEG_H

#include <stddef.h>
#include <stdint.h>

/// A JPEG that libjpeg-turbo reads from memory. Its errors jump over frames of C, which no frame of Swift may be among.
typedef struct cjpeg_reader cjpeg_reader;

/// What a JPEG says before its pixels; the pointers are valid until the reader is closed.
typedef struct {
    /// Size in pixels as stored, at least 1.
    uint32_t width, height;
    /// 1 grey, 3 RGB, 4 CMYK; 0 for channels of no known meaning.
    uint32_t channels;
    /// The first EXIF segment, from `Exif` on; NULL where there is none.
    const uint8_t *exif;
    size_t exif_count;
    /// The ICC profile, NULL where there is none or not all of it.
    const uint8_t *profile;
    size_t profile_count;
} cjpeg_header;

/// How reading a picture ended.
typedef enum {
    CJPEG_DONE,
    /// The bytes are damaged, or they end before the picture does.
    CJPEG_DAMAGED,
    /// There are more scans than are allowed.
    CJPEG_TOO_MANY_SCANS,
} cjpeg_result;

/// Reads what comes before the pixels.
///
/// @param bytes `[count]`, borrowed until the reader is closed.
/// @param header Receives what was found.
/// @return To be closed, whatever the result; NULL when there is no memory.
cjpeg_reader *cjpeg_open(const uint8_t *bytes, size_t count, cjpeg_header *header, cjpeg_result *result);

/// Decodes the pixels with libjpeg-turbo's accurate DCT and its smooth upsampling; once for each reader.
///
/// What libjpeg only warns of (bytes before a marker, blocks that are missing) is passed over.
/// @param reduction 1, 2, 4 or 8: a pixel of the result is about the mean of so many pixels across and down.
/// @param channels As in the header, or 3 for a grey picture too.
/// @param maximum_scans Most scans that are read; each takes its time.
/// @param pixels Receives `[ceil(height / reduction), ceil(width / reduction), channels]`. Of CMYK, 0 is no ink.
cjpeg_result cjpeg_read(cjpeg_reader *reader, unsigned reduction, unsigned channels, int maximum_scans,
                        uint8_t *pixels);

/// What libjpeg said of the damage.
///
/// @param text Receives at most 200 bytes, the last of them 0.
void cjpeg_describe(cjpeg_reader *reader, char text[200]);

void cjpeg_close(cjpeg_reader *reader);

#endif
