#ifndef CPIXELS_H
#define CPIXELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The source of one pixel of a resized row: two neighbours in the source row and their weights.
///
/// The neighbours start at bytes `offset` and `offset + 3`. Weights are in `0...2048`, where 2048 stands for 1.
typedef struct {
    uint32_t offset;
    int16_t near_weight;
    int16_t far_weight;
} pixels_tap;

/// Interpolates a row of RGB pixels horizontally.
///
/// `row[3 * i + c] = (near * near_weight + far * far_weight) >> 4`, which leaves 7 fractional bits.
///
/// @param source `[source_bytes / 3, 3]`.
/// @param source_bytes Size of `source`; nothing beyond it is read, and a far neighbour there counts as 0.
/// @param taps `[count]`, with offsets that never decrease and near neighbours inside the row.
/// @param row Receives `3 * count` values in `0...32640`. Must have room for `3 * count + 1`.
void pixels_interpolate_row(const uint8_t *source, size_t source_bytes, const pixels_tap *taps, size_t count,
                            int16_t *row);

/// Blends two rows written by `pixels_interpolate_row` into bytes.
///
/// `output[i] = ((near[i] * near_weight >> 16) + (far[i] * far_weight >> 16) + 2) >> 2`.
///
/// @param near,far `[count]`; may be the same row.
/// @param near_weight,far_weight In `0...2048`, where 2048 stands for 1.
/// @param output Receives `count` bytes.
void pixels_blend_rows(const int16_t *near, const int16_t *far, int16_t near_weight, int16_t far_weight,
                       uint8_t *output, size_t count);

/// Number of fractional bits of the weights of `pixels_weigh_row` and `pixels_weigh_rows`.
#define PIXELS_WEIGHT_BITS 22

/// The pixels that one pixel of a resized row is the weighted sum of.
typedef struct {
    /// Index of the first pixel.
    uint32_t first;
    /// Number of pixels, at least 1.
    uint32_t count;
    /// Index of the first weight.
    uint32_t weight;
} pixels_window;

/// Computes each pixel of a row as a weighted sum of neighbours, rounded.
///
/// @param source `[source_width, 3]`.
/// @param windows `[count]`, inside the source.
/// @param weights Not negative; those of a window add up to about `1 << PIXELS_WEIGHT_BITS`.
/// @param row Receives `3 * count` bytes.
void pixels_weigh_row(const uint8_t *source, const pixels_window *windows, const int32_t *weights, size_t count,
                      uint8_t *row);

/// Computes a row as a weighted sum of rows, rounded.
///
/// @param rows `[row_count]`, `count` bytes each.
/// @param weights `[row_count]`, not negative; they add up to about `1 << PIXELS_WEIGHT_BITS`.
/// @param sums Room for `count` values.
/// @param output Receives `count` bytes.
void pixels_weigh_rows(const uint8_t *const *rows, const int32_t *weights, size_t row_count, int32_t *sums,
                       uint8_t *output, size_t count);

/// Averages blocks of 2 x 2 RGB pixels; halves are rounded up.
///
/// @param upper,lower `[2 * width, 3]` each.
/// @param output Receives `[width, 3]`.
void pixels_halve_rows(const uint8_t *upper, const uint8_t *lower, uint8_t *output, size_t width);

/// Packs RGB bytes into words `0x00RRGGBB`, the layout of `CAIRO_FORMAT_RGB24`.
///
/// @param rgb `[count, 3]`.
/// @param words Receives `count` words.
void pixels_pack_rgb(const uint8_t *rgb, uint32_t *words, size_t count);

/// Unpacks words `0x00RRGGBB` into RGB bytes; the upper 8 bits of a word are ignored.
///
/// @param words `[count]`.
/// @param rgb Receives `[count, 3]`.
void pixels_unpack_rgb(const uint32_t *words, uint8_t *rgb, size_t count);

/// Number of light steps that `pixels_convert_colors` distinguishes.
#define PIXELS_LIGHT_STEPS 16384

/// Converts pixels in place from one RGB space to another, through linear light.
///
/// @param rgb `[count, 3]`.
/// @param shares `[3, 256, 4]`: what each value of red, green and blue in the source space adds to the light of each
///     channel in the target space, with a maximum of `PIXELS_LIGHT_STEPS`; the fourth of each four is unused.
/// @param encoded `[PIXELS_LIGHT_STEPS + 1]`: the value in the target space for each light step.
void pixels_convert_colors(uint8_t *rgb, size_t count, const float *shares, const uint8_t *encoded);

/// Blends a colour into pixels, channel by channel.
///
/// `channel = (channel * (256 - opacity) + color * opacity + 128) >> 8`.
///
/// @param words `[count]`, `0x00RRGGBB`; the upper 8 bits become 0.
/// @param color `0x00RRGGBB`.
/// @param opacity In `0...256`, where 256 stands for 1.
void pixels_tint(uint32_t *words, size_t count, uint32_t color, uint32_t opacity);

/// Computes a row of an object's mask probabilities from a segmentation network's prototypes.
///
/// `row[i] = sigmoid(sum over k of coefficients[k] * prototypes[k * plane + i])`, with a relative error below 1e-5;
/// or, with `linear`, the sum plus one half.
///
/// @param prototypes `[columns]` of the first plane.
/// @param plane Number of values from one plane to the next.
/// @param coefficients `[count]`.
/// @param row Receives `columns` values, greater than one half inside the object.
void pixels_mask_row(const float *prototypes, size_t plane, const float *coefficients, size_t count, bool linear,
                     float *row, size_t columns);

/// Interpolates between two rows and marks where the result is greater than one half.
///
/// `output[i] = (1 - far_weight) * near[i] + far_weight * far[i] > 0.5`.
///
/// @param near,far `[count]`; may be the same row.
/// @param far_weight In `0...1`.
/// @param output Receives `count` bytes of 0 or 1.
void pixels_threshold_rows(const float *near, const float *far, float far_weight, uint8_t *output, size_t count);

#endif
