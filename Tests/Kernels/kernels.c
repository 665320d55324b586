// Runs each pixel kernel on seeded input and prints a checksum of what it wrote, so that two processors can be compared:
// see Scripts/try_aarch64. Floating-point kernels, whose last bits may differ, are compared with a plain sum in double
// precision instead, and the error is printed in words.

#include "CPixels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 1;

// Numbers by SplitMix64.
static uint64_t next(void)
{
    uint64_t value = state += 0x9e3779b97f4a7c15;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
}

static uint32_t below(uint32_t limit)
{
    return (uint32_t)(next() % limit);
}

// Between -1 and 1.
static float real(void)
{
    return (float)below(1 << 24) / (1 << 23) - 1;
}

static void *allocate(size_t count, size_t size)
{
    // Of exactly this size, so that a checker of memory sees what is beyond.
    void *memory = calloc(count + (count == 0), size);
    if (!memory)
        abort();
    return memory;
}

static uint8_t *bytes(size_t count)
{
    uint8_t *result = allocate(count, 1);
    for (size_t index = 0; index < count; index++)
        result[index] = (uint8_t)next();
    return result;
}

// FNV-1a over everything that a kernel wrote.
static uint64_t sum;

static void add(const void *data, size_t count)
{
    const uint8_t *byte = data;
    for (size_t index = 0; index < count; index++)
        sum = (sum ^ byte[index]) * 0x100000001b3;
}

static void report(const char *kernel)
{
    printf("%-16s %016llx\n", kernel, (unsigned long long)sum);
    sum = 0xcbf29ce484222325;
}

static int by_offset(const void *left, const void *right)
{
    const pixels_tap *one = left, *other = right;
    return (one->offset > other->offset) - (one->offset < other->offset);
}

static void interpolate_row(size_t count)
{
    size_t width = 1 + below(640);
    uint8_t *source = bytes(3 * width);
    pixels_tap *taps = allocate(count, sizeof *taps);
    int16_t *row = allocate(3 * count + 1, sizeof *row);
    for (size_t index = 0; index < count; index++) {
        uint32_t position = below((uint32_t)width);
        int16_t far = position == width - 1 ? 0 : (int16_t)below(2049);
        taps[index] = (pixels_tap){.offset = 3 * position, .near_weight = (int16_t)(2048 - far), .far_weight = far};
    }
    qsort(taps, count, sizeof *taps, by_offset);
    pixels_interpolate_row(source, 3 * width, taps, count, row);
    add(row, 3 * count * sizeof *row);
    free(source), free(taps), free(row);
}

static void blend_rows(size_t count)
{
    int16_t *near = allocate(count, sizeof *near), *far = allocate(count, sizeof *far);
    uint8_t *output = allocate(count, 1);
    for (size_t index = 0; index < count; index++) {
        near[index] = (int16_t)below(32641);
        far[index] = (int16_t)below(32641);
    }
    int16_t weight = (int16_t)below(2049);
    pixels_blend_rows(near, far, (int16_t)(2048 - weight), weight, output, count);
    add(output, count);
    free(near), free(far), free(output);
}

static void weigh(size_t count)
{
    enum { rows = 5 };
    size_t width = count + 8;
    uint8_t *source = bytes(3 * width), *row = allocate(3 * count, 1), *output = allocate(count, 1);
    pixels_window *windows = allocate(count, sizeof *windows);
    int32_t weights[rows], *sums = allocate(count, sizeof *sums);
    const uint8_t *lines[rows];
    for (size_t index = 0; index < rows; index++) {
        weights[index] = (1 << PIXELS_WEIGHT_BITS) / rows;
        lines[index] = bytes(count);
    }
    for (size_t index = 0; index < count; index++)
        windows[index] = (pixels_window){.first = below((uint32_t)width - rows), .count = rows, .weight = 0};
    pixels_weigh_row(source, windows, weights, count, row);
    add(row, 3 * count);
    pixels_weigh_rows(lines, weights, rows, sums, output, count);
    add(output, count);
    for (size_t index = 0; index < rows; index++)
        free((void *)lines[index]);
    free(source), free(row), free(output), free(windows), free(sums);
}

static void halve_rows(size_t count)
{
    uint8_t *upper = bytes(6 * count), *lower = bytes(6 * count), *output = allocate(3 * count, 1);
    pixels_halve_rows(upper, lower, output, count);
    add(output, 3 * count);
    free(upper), free(lower), free(output);
}

static void pack(size_t count)
{
    uint8_t *rgb = bytes(3 * count), *back = allocate(3 * count, 1);
    uint32_t *words = allocate(count, sizeof *words);
    pixels_pack_rgb(rgb, words, count);
    add(words, count * sizeof *words);
    pixels_tint(words, count, below(1 << 24), below(257));
    add(words, count * sizeof *words);
    pixels_unpack_rgb(words, back, count);
    add(back, 3 * count);
    free(rgb), free(back), free(words);
}

static void convert_colors(size_t count)
{
    // Light in whole steps, which floating-point numbers add exactly.
    float *shares = allocate(3 * 256 * 4, sizeof *shares);
    for (size_t index = 0; index < 3 * 256 * 4; index++)
        shares[index] = (float)below(PIXELS_LIGHT_STEPS / 3);
    uint8_t *encoded = bytes(PIXELS_LIGHT_STEPS + 1), *rgb = bytes(3 * count);
    pixels_convert_colors(rgb, count, shares, encoded);
    add(rgb, 3 * count);
    free(shares), free(encoded), free(rgb);
}

// The largest relative error of mask rows, and the threshold's wrong answers that are not a matter of the last bit.
static double largest_error;
static size_t wrong;

static void masks(size_t count)
{
    enum { planes = 32 };
    float *prototypes = allocate(planes * count, sizeof *prototypes), coefficients[planes];
    float *row = allocate(count, sizeof *row), *far = allocate(count, sizeof *far);
    uint8_t *output = allocate(count, 1);
    for (size_t index = 0; index < planes * count; index++)
        prototypes[index] = real();
    for (size_t index = 0; index < planes; index++)
        coefficients[index] = real();
    pixels_mask_row(prototypes, count, coefficients, planes, true, far, count);
    pixels_mask_row(prototypes, count, coefficients, planes, false, row, count);
    float weight = (real() + 1) / 2;
    pixels_threshold_rows(row, far, weight, output, count);
    for (size_t index = 0; index < count; index++) {
        double expected = 0;
        for (size_t plane = 0; plane < planes; plane++)
            expected += (double)coefficients[plane] * prototypes[plane * count + index];
        double probability = 1 / (1 + exp(-expected));
        largest_error = fmax(largest_error, fabs(row[index] / probability - 1));
        largest_error = fmax(largest_error, fabs(far[index] - expected - 0.5));
        double between = (1 - (double)weight) * row[index] + (double)weight * far[index] - 0.5;
        wrong += output[index] != (between > 0) && fabs(between) > 1e-6;
    }
    free(prototypes), free(row), free(far), free(output);
}

static void repeat(const char *kernel, void (*run)(size_t count))
{
    for (size_t count = 0; count <= 70; count++)
        run(count);
    for (size_t round = 0; round < 20; round++)
        run(100 + below(1200));
    report(kernel);
}

int main(void)
{
    sum = 0xcbf29ce484222325;
    repeat("interpolate_row", interpolate_row);
    repeat("blend_rows", blend_rows);
    repeat("weigh", weigh);
    repeat("halve_rows", halve_rows);
    repeat("pack, tint", pack);
    repeat("convert_colors", convert_colors);
    repeat("masks", masks);
    printf("%-16s %s\n", "mask error", largest_error < 1e-5 ? "below 1e-5" : "too large");
    printf("%-16s %zu\n", "threshold errors", wrong);
    return 0;
}
