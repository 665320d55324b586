#include "CPixels.h"
#include "dispatch.h"

static inline uint8_t encode(float light, const uint8_t *encoded)
{
    light = light < 0 ? 0 : light > 1 ? 1 : light;
    return encoded[(uint32_t)(light * PIXELS_LIGHT_STEPS + 0.5F)];
}

DISPATCHED
void pixels_convert_colors(uint8_t *rgb, size_t count, const float *light, const float *matrix, const uint8_t *encoded)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t *pixel = rgb + 3 * i;
        float red = light[pixel[0]], green = light[256 + pixel[1]], blue = light[512 + pixel[2]];
        pixel[0] = encode(matrix[0] * red + matrix[1] * green + matrix[2] * blue, encoded);
        pixel[1] = encode(matrix[3] * red + matrix[4] * green + matrix[5] * blue, encoded);
        pixel[2] = encode(matrix[6] * red + matrix[7] * green + matrix[8] * blue, encoded);
    }
}
