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

DISPATCHED
void pixels_tint(uint32_t *words, size_t count, uint32_t color, uint32_t opacity)
{
    // Mix two channels at a time, with room between them for the products; adding one half rounds.
    const uint32_t red_blue = 0xFF00FF, green = 0x00FF00;
    uint32_t color_red_blue = (color & red_blue) * opacity + 0x800080;
    uint32_t color_green = (color & green) * opacity + 0x008000;
    for (size_t i = 0; i < count; i++) {
        uint32_t mixed_red_blue = (words[i] & red_blue) * (256 - opacity) + color_red_blue;
        uint32_t mixed_green = (words[i] & green) * (256 - opacity) + color_green;
        words[i] = (mixed_red_blue >> 8 & red_blue) | (mixed_green >> 8 & green);
    }
}
