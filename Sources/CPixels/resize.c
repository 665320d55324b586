#include "CPixels.h"
#include "dispatch.h"

typedef uint8_t byte8 __attribute__((vector_size(8)));
typedef int16_t short4 __attribute__((vector_size(8)));
typedef int16_t short8 __attribute__((vector_size(16)));
typedef int32_t int4 __attribute__((vector_size(16)));
typedef int32_t int8 __attribute__((vector_size(32)));

/// Bytes that the vector loop loads per pixel; it uses six of them.
enum { load_bytes = 8 };

DISPATCHED
void pixels_interpolate_row(const uint8_t *source, size_t source_bytes, const pixels_tap *taps, size_t count,
                            int16_t *row)
{
    // Compute the last pixels of a row one by one: loading eight bytes there could exceed the picture.
    size_t vectorised = count;
    while (vectorised > 0 && (size_t)taps[vectorised - 1].offset + load_bytes > source_bytes)
        vectorised--;

    for (size_t i = 0; i < vectorised; i++) {
        byte8 pixels;
        __builtin_memcpy(&pixels, source + taps[i].offset, sizeof pixels);
        byte8 pairs = __builtin_shufflevector(pixels, pixels, 0, 3, 1, 4, 2, 5, 2, 5);
        int16_t near = taps[i].near_weight, far = taps[i].far_weight;
        short8 weights = {near, far, near, far, near, far, near, far};
        int8 products = __builtin_convertvector(pairs, int8) * __builtin_convertvector(weights, int8);
        int4 sums = __builtin_shufflevector(products, products, 0, 2, 4, 6) +
                    __builtin_shufflevector(products, products, 1, 3, 5, 7);
        short4 result = __builtin_convertvector(sums >> 4, short4);
        // The fourth lane spills into the next pixel, which is written afterwards.
        __builtin_memcpy(row + 3 * i, &result, sizeof result);
    }
    for (size_t i = vectorised; i < count; i++) {
        for (size_t c = 0; c < 3; c++) {
            size_t near_at = taps[i].offset + c;
            size_t far_at = near_at + 3;
            int32_t far = far_at < source_bytes ? source[far_at] : 0;
            row[3 * i + c] = (int16_t)((source[near_at] * taps[i].near_weight + far * taps[i].far_weight) >> 4);
        }
    }
}

DISPATCHED
void pixels_blend_rows(const int16_t *near, const int16_t *far, int16_t near_weight, int16_t far_weight,
                       uint8_t *output, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        // Stay within 16 bits, so that the compiler can use a multiplication that keeps the high half of each lane.
        int16_t sum = (int16_t)((near[i] * near_weight >> 16) + (far[i] * far_weight >> 16));
        output[i] = (uint8_t)((uint16_t)(sum + 2) >> 2);
    }
}

DISPATCHED
void pixels_halve_rows(const uint8_t *upper, const uint8_t *lower, uint8_t *output, size_t width)
{
    for (size_t x = 0; x < width; x++) {
        for (size_t c = 0; c < 3; c++) {
            size_t left = 6 * x + c;
            size_t right = left + 3;
            output[3 * x + c] = (uint8_t)((upper[left] + upper[right] + lower[left] + lower[right] + 2) >> 2);
        }
    }
}

/// Half of the last bit that is kept, for rounding.
enum { weight_half = 1 << (PIXELS_WEIGHT_BITS - 1) };

static inline uint8_t rounded(int32_t sum)
{
    int32_t value = sum >> PIXELS_WEIGHT_BITS;
    return (uint8_t)(value > 255 ? 255 : value);
}

DISPATCHED
void pixels_weigh_row(const uint8_t *source, const pixels_window *windows, const int32_t *weights, size_t count,
                      uint8_t *row)
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t *pixel = source + 3 * (size_t)windows[i].first;
        const int32_t *weight = weights + windows[i].weight;
        int32_t red = weight_half, green = weight_half, blue = weight_half;
        for (size_t k = 0; k < windows[i].count; k++, pixel += 3) {
            red += weight[k] * pixel[0];
            green += weight[k] * pixel[1];
            blue += weight[k] * pixel[2];
        }
        row[3 * i] = rounded(red);
        row[3 * i + 1] = rounded(green);
        row[3 * i + 2] = rounded(blue);
    }
}

DISPATCHED
void pixels_weigh_rows(const uint8_t *const *rows, const int32_t *weights, size_t row_count, int32_t *sums,
                       uint8_t *output, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sums[i] = weight_half;
    for (size_t k = 0; k < row_count; k++) {
        const uint8_t *row = rows[k];
        for (size_t i = 0; i < count; i++)
            sums[i] += weights[k] * row[i];
    }
    for (size_t i = 0; i < count; i++)
        output[i] = rounded(sums[i]);
}
