#include "CPixels.h"
#include "dispatch.h"

DISPATCHED
void pixels_pack_rgb(const uint8_t *restrict rgb, uint32_t *restrict words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        words[i] = (uint32_t)rgb[3 * i] << 16 | (uint32_t)rgb[3 * i + 1] << 8 | rgb[3 * i + 2];
}

DISPATCHED
void pixels_unpack_rgb(const uint32_t *restrict words, uint8_t *restrict rgb, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        rgb[3 * i] = (uint8_t)(words[i] >> 16);
        rgb[3 * i + 1] = (uint8_t)(words[i] >> 8);
        rgb[3 * i + 2] = (uint8_t)words[i];
    }
}
