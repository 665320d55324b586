#include "CPixels.h"
#include "dispatch.h"

/// Sixteen values; may lie at any address that is valid for a float.
typedef float float16 __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t int16 __attribute__((vector_size(64)));

enum { lanes = 16 };

/// Computes 1 / (1 + e^-x) for sixteen values, with a relative error below 1e-6.
static inline __attribute__((always_inline)) void sigmoid(float16 *values)
{
    // Beyond 87, e^x exceeds the normal floats; the sigmoid reaches 0 or 1 long before.
    float16 x = -*values;
    x = __builtin_elementwise_min(__builtin_elementwise_max(x, (float16){} - 87), (float16){} + 87);
    // e^x = 2^n * e^r, |r| <= ln 2 / 2. Adding and subtracting 1.5 * 2^23 rounds; splitting ln 2 in two keeps r exact.
    float16 n = (x * 1.44269504f + 12582912) - 12582912;
    float16 r = x - n * 0.693145752f - n * 1.42860677e-6f;
    float16 power = 1.0f / 720 + r * (1.0f / 5040);
    power = 1.0f / 120 + r * power;
    power = 1.0f / 24 + r * power;
    power = 1.0f / 6 + r * power;
    power = 0.5f + r * power;
    power = 1 + r * power;
    power = 1 + r * power;
    float16 scale = (float16)((__builtin_convertvector(n, int16) + 127) << 23);
    *values = 1 / (1 + power * scale);
}

static inline __attribute__((always_inline)) void finish(float16 *sums, bool linear)
{
    if (linear)
        *sums += 0.5f;
    else
        sigmoid(sums);
}

DISPATCHED
void pixels_mask_row(const float *prototypes, size_t plane, const float *coefficients, size_t count, bool linear,
                     float *row, size_t columns)
{
    size_t done = 0;
    for (; columns - done >= 4 * lanes; done += 4 * lanes) {
        float16 a = {}, b = {}, c = {}, d = {};
        for (size_t k = 0; k < count; k++) {
            const float16 *values = (const float16 *)(prototypes + k * plane + done);
            a += coefficients[k] * values[0];
            b += coefficients[k] * values[1];
            c += coefficients[k] * values[2];
            d += coefficients[k] * values[3];
        }
        float16 *probabilities = (float16 *)(row + done);
        probabilities[0] = a;
        probabilities[1] = b;
        probabilities[2] = c;
        probabilities[3] = d;
        for (size_t i = 0; i < 4; i++)
            finish(probabilities + i, linear);
    }
    while (done < columns) {
        float16 sums = {};
        // The rest of a row is computed together with values already done, or one by one in a shorter row.
        size_t width = columns < lanes ? columns : lanes;
        size_t start = columns - done < width ? columns - width : done;
        for (size_t k = 0; k < count; k++) {
            const float *values = prototypes + k * plane + start;
            if (width == lanes) {
                sums += coefficients[k] * *(const float16 *)values;
            } else {
                for (size_t i = 0; i < width; i++)
                    sums[i] += coefficients[k] * values[i];
            }
        }
        finish(&sums, linear);
        __builtin_memcpy(row + start, &sums, width * sizeof *row);
        done = start + width;
    }
}

DISPATCHED
void pixels_threshold_rows(const float *near, const float *far, float far_weight, uint8_t *output, size_t count)
{
    for (size_t i = 0; i < count; i++)
        output[i] = (1 - far_weight) * near[i] + far_weight * far[i] > 0.5f;
}
