// libvips cannot stop libwebp, which takes seconds for a large picture, so it is called directly.
#ifndef OSPREY_CWEBP_H
#define OSPREY_CWEBP_H

#include <stdbool.h>
#include <webp/encode.h>

static inline int cwebp_continues(int percent, const WebPPicture *picture) {
    (void)percent;
    bool (*is_stopped)(void) = (bool (*)(void))picture->user_data;
    return !is_stopped();
}

/// Encodes `height * width * 3` bytes of RGB. Ends early when `is_stopped`, called now and then, returns true.
///
/// @return The file of `count` bytes, to be released with `free`; NULL on failure.
static inline uint8_t *cwebp_encode(const uint8_t *pixels, int width, int height, int quality,
                                    bool (*is_stopped)(void), size_t *count) {
    WebPConfig config;
    WebPPicture picture;
    WebPMemoryWriter writer;
    if (!WebPConfigPreset(&config, WEBP_PRESET_DEFAULT, (float)quality) || !WebPPictureInit(&picture)) return NULL;
    config.method = 2;
    WebPMemoryWriterInit(&writer);
    picture.width = width;
    picture.height = height;
    picture.writer = WebPMemoryWrite;
    picture.custom_ptr = &writer;
    picture.progress_hook = cwebp_continues;
    picture.user_data = (void *)is_stopped;
    bool is_complete = WebPPictureImportRGB(&picture, pixels, 3 * width) && WebPEncode(&config, &picture);
    WebPPictureFree(&picture);
    if (!is_complete) {
        WebPMemoryWriterClear(&writer);
        return NULL;
    }
    *count = writer.size;
    return writer.mem;
}

#endif
