#include <string.h>

#include "CPixels.h"
#include "dispatch.h"

typedef float float4 __attribute__((vector_size(16)));
typedef int32_t int4 __attribute__((vector_size(16)));

static inline float4 load(const float *values)
{
    float4 vector;
    memcpy(&vector, values, sizeof vector);
    return vector;
}

DISPATCHED
void pixels_convert_colors(uint8_t *restrict rgb, size_t count, const float *restrict shares,
                           const uint8_t *restrict encoded)
{
    const float4 darkest = {0}, brightest = darkest + PIXELS_LIGHT_STEPS;
    for (size_t i = 0; i < count; i++) {
        uint8_t *pixel = rgb + 3 * i;
        float4 light =
            load(shares + 4 * pixel[0]) + load(shares + 4 * (256 + pixel[1])) + load(shares + 4 * (512 + pixel[2]));
        light = __builtin_elementwise_min(__builtin_elementwise_max(light, darkest), brightest);
        int4 step = __builtin_convertvector(light + 0.5F, int4);
        for (int channel = 0; channel < 3; channel++) {
            pixel[channel] = encoded[step[channel]];
        }
    }
}
