// C interface to the part of OpenVINO's C++ runtime that Osprey uses.
//
// Handles are owned by the caller and freed with the matching `_free`. If a function that returns `COVStatus` fails,
// it leaves its results untouched, and `cov_last_error` returns the reason on the same thread until the next call.
// Returned strings are valid as long as the handle that they belong to.
#ifndef COPENVINO_H
#define COPENVINO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct COVCore COVCore;
typedef struct COVModel COVModel;
typedef struct COVCompiledModel COVCompiledModel;
typedef struct COVRequest COVRequest;
typedef struct COVBuilder COVBuilder;

typedef enum COVStatus {
    COV_OK = 0,
    COV_INVALID_MODEL,
    COV_INVALID_ARGUMENT,
    COV_FAILED,
} COVStatus;

typedef enum COVPrecision { COV_PRECISION_AUTO, COV_PRECISION_F32, COV_PRECISION_BF16 } COVPrecision;

enum { COV_MAXIMUM_RANK = 8 };

/// Size of each axis, -1 if it is not fixed. The rank is -1 if it is not fixed or exceeds `COV_MAXIMUM_RANK`.
typedef struct COVShape {
    int32_t rank;
    int64_t dimensions[COV_MAXIMUM_RANK];
} COVShape;

/// An output of a node: the node's index in the model's topological order, and the index of the output.
typedef struct COVPort {
    size_t node;
    size_t output;
} COVPort;

typedef struct COVNode {
    const char *type;
    const char *name;
    size_t input_count;
    size_t output_count;
} COVNode;

typedef struct COVCompileOptions {
    /// Name of a device, or several as in "AUTO:GPU,CPU".
    const char *device;
    COVPrecision precision;
    int32_t streams;
    int32_t threads;
    /// Directory that caches compiled models; null disables caching.
    const char *cache_directory;
} COVCompileOptions;

/// How to decode the boxes of a detection head: the stride in pixels per cell, and the width and height of each anchor
/// in pixels, in alternation.
typedef struct COVHead {
    size_t stride;
    size_t anchor_count;
    const float *anchors;
} COVHead;

typedef enum COVCoordinates {
    /// Centre, width and height.
    COV_CENTERS,
    /// Left, top, right and bottom.
    COV_CORNERS,
    /// Centre relative to the corner of a cell, and logarithm of width and height, both in cells.
    COV_OFFSETS,
} COVCoordinates;

typedef struct COVCell {
    size_t column;
    size_t row;
    /// Pixels per cell.
    size_t stride;
} COVCell;

/// How outputs of a model state boxes, `[1, boxes, values]`: four coordinates, then the scores unless they are an output
/// of their own.
typedef struct COVBoxes {
    /// Index of the output with the coordinates.
    size_t boxes;
    /// Index of the output with the scores; the same if they follow the coordinates.
    size_t scores;
    size_t class_count;
    /// Whether the output with the coordinates is `[1, values, boxes]`.
    bool is_transposed;
    /// Whether the first score is to be multiplied with the others.
    bool has_objectness;
    /// Whether scores need a sigmoid.
    bool are_logits;
    COVCoordinates coordinates;
    /// Pixels per unit of the coordinates.
    float width, height;
    /// With `COV_OFFSETS`, the cell of each box.
    const COVCell *cells;
    size_t cell_count;
} COVBoxes;

/// Parameters of a kernel window; each pair is height, width.
typedef struct COVWindow {
    size_t kernel[2];
    size_t stride[2];
    size_t padding[2];
    size_t dilation[2];
} COVWindow;

typedef enum COVActivation {
    COV_ACTIVATION_SIGMOID,
    COV_ACTIVATION_SILU,
    COV_ACTIVATION_RELU,
    COV_ACTIVATION_LEAKY_RELU,
    COV_ACTIVATION_HARD_SWISH,
    COV_ACTIVATION_MISH,
} COVActivation;

/// Called once on an OpenVINO thread; `message` is null on success, and valid only during the call.
typedef void (*COVCompletion)(void *context, COVStatus status, const char *message);

const char *cov_last_error(void);
const char *cov_version(void);

COVStatus cov_core_create(COVCore **core);
/// Returns the devices that networks can run on, one per line: name, tab, and name of the product, which may be empty.
///
/// The text is valid on the same thread until the next call.
const char *cov_core_devices(COVCore *core);

/// Reads an ONNX file, or the .xml file of an OpenVINO IR.
COVStatus cov_model_read(COVCore *core, const char *path, COVModel **model);
void cov_model_free(COVModel *model);

size_t cov_model_input_count(const COVModel *model);
size_t cov_model_output_count(const COVModel *model);
COVShape cov_model_input_shape(const COVModel *model, size_t index);
COVShape cov_model_output_shape(const COVModel *model, size_t index);

/// Returns a name of an input or output, valid until this thread's next call; an empty string if it has none.
const char *cov_model_tensor_name(const COVModel *model, bool is_input, size_t index);
/// Returns OpenVINO's name of the type of an input's or output's elements, such as "f32" or "u8", valid until this
/// thread's next call.
const char *cov_model_tensor_type(const COVModel *model, bool is_input, size_t index);

/// Whether a name of an output ends in `suffix`.
bool cov_model_has_output(const COVModel *model, size_t index, const char *suffix);

/// Returns the port that feeds an output of the model.
COVPort cov_model_output_port(const COVModel *model, size_t index);

/// Returns the text that the exporter stored under `key`, or null.
const char *cov_model_metadata(COVModel *model, const char *key);
/// Stores a text under `key`, to be saved with the model.
COVStatus cov_model_set_metadata(COVModel *model, const char *key, const char *text);

/// The model's nodes in topological order. Indices are valid until the model is modified or freed.
size_t cov_model_node_count(const COVModel *model);
COVNode cov_model_node(const COVModel *model, size_t node);
COVPort cov_model_node_input(const COVModel *model, size_t node, size_t input);
COVShape cov_model_port_shape(const COVModel *model, COVPort port);

/// Reshapes the only input to `[batch, 3, height, width]`; -1 leaves an axis dynamic.
COVStatus cov_model_reshape(COVModel *model, int64_t batch, int64_t height, int64_t width);

/// Computes an output from values given at ports, one value per element of their fixed shapes, without running the
/// operations before the ports. `result` has room for `capacity` values; `size` receives their number.
COVStatus cov_model_evaluate(COVCore *core, const COVModel *model, size_t output, const COVPort *ports,
                             const float *const *values, size_t count, float *result, size_t capacity, size_t *size);

/// Creates a model that computes the given ports from the same input.
COVStatus cov_model_cut(const COVModel *model, const COVPort *ports, size_t count, COVModel **result);
/// Creates a copy of the model for a single picture size, which fixes the shapes of its ports.
COVStatus cov_model_sized(const COVModel *model, size_t height, size_t width, COVModel **result);
/// Makes the model accept `[1, height, width, 3]` UInt8 RGB instead of `[1, 3, height, width]` in 0...1, and return
/// float values. With `dynamic_size`, height and width become dynamic.
COVStatus cov_model_take_pixels(COVModel *model, bool dynamic_size);
/// Makes inputs and outputs of half precision accept and return single precision.
COVStatus cov_model_widen(COVModel *model);

/// Creates a copy of a model of fixed size that decodes its boxes. The first `count` outputs must be heads; a single
/// output of their decoded boxes, `[1, boxes, values]`, replaces them and precedes the other outputs.
COVStatus cov_model_decoded(const COVModel *model, const COVHead *heads, size_t count, size_t class_count,
                            COVModel **result);
/// Creates a copy of a model of fixed size that decodes its boxes. The first outputs must be those of `count`
/// anchor-free heads: boxes of `4 * bins` channels, scores and, with masks, coefficients; a single output,
/// `[1, 4 + classes + coefficients, boxes]`, replaces them and precedes the prototypes.
COVStatus cov_model_decoded_cells(const COVModel *model, const size_t *strides, size_t count, size_t bins,
                                  bool has_masks, COVModel **result);
/// Creates a copy of a model with the output `[1, 4 + classes + coefficients, boxes]`: centre, width and height in pixels,
/// scores, and the values that follow them. The remaining outputs follow.
COVStatus cov_model_columns(const COVModel *model, COVBoxes form, COVModel **result);
/// Creates a copy of a model whose only output is `[boxes, values]`, with six of the values, `[1, boxes, 6]`.
COVStatus cov_model_reordered(const COVModel *model, const size_t *columns, COVModel **result);
/// Creates a copy of a model that joins outputs to `[1, boxes, 6]`: four coordinates, score and class.
COVStatus cov_model_joined(const COVModel *model, size_t boxes, size_t scores, size_t classes, COVModel **result);
/// Creates a copy of a model that converts the relative centres and sizes that each row of its only output,
/// `[1, boxes, values]`, starts with to edges in pixels.
COVStatus cov_model_edges(const COVModel *model, size_t height, size_t width, COVModel **result);
/// Replaces an input by a constant, `[1, count]`.
COVStatus cov_model_set_input(COVModel *model, size_t index, const float *values, size_t count);
/// Makes a model that accepts integers accept floats of the same values, and says whether it did.
COVStatus cov_model_take_floats(COVModel *model, bool *took_bytes);
/// Makes a model whose only input is (value - mean) / deviation of values in 0...255 accept RGB in 0...1; with `reverses`,
/// its input is BGR. Means and deviations are those of red, green and blue.
COVStatus cov_model_normalize(COVModel *model, const float *mean, const float *deviation, bool reverses);
/// Writes the model as an OpenVINO IR: the .xml file at `path`, and a .bin file next to it.
COVStatus cov_model_save(const COVModel *model, const char *path);

/// Creates a builder for a network with the input `[1, 3, height, width]` in 0...1, with dynamic height and width.
/// Operations refer to their inputs by the indices that earlier operations stored in `output`; 0 is the network's
/// input.
COVStatus cov_builder_create(COVBuilder **builder);
void cov_builder_free(COVBuilder *builder);
COVShape cov_builder_shape(const COVBuilder *builder, size_t output);
/// `weights` has `filters * channels / groups * kernel` values; `bias` has `filters`, or is null for none.
COVStatus cov_builder_convolution(COVBuilder *builder, size_t input, size_t filters, size_t groups, COVWindow window,
                                  const float *weights, const float *bias, size_t *output);
/// Multiplies each channel by its scale and adds its shift.
COVStatus cov_builder_affine(COVBuilder *builder, size_t input, size_t channels, const float *scale,
                             const float *shift, size_t *output);
COVStatus cov_builder_activation(COVBuilder *builder, size_t input, COVActivation activation, float slope,
                                 size_t *output);
COVStatus cov_builder_max_pool(COVBuilder *builder, size_t input, COVWindow window, size_t *output);
COVStatus cov_builder_add(COVBuilder *builder, size_t left, size_t right, size_t *output);
/// Concatenates the channels of the inputs.
COVStatus cov_builder_concat(COVBuilder *builder, const size_t *inputs, size_t count, size_t *output);
/// Repeats each cell `factor` times along both axes.
COVStatus cov_builder_upsample(COVBuilder *builder, size_t input, size_t factor, size_t *output);
/// Resizes an input to the height and width of another, by the nearest cell.
COVStatus cov_builder_resize_like(COVBuilder *builder, size_t input, size_t other, size_t *output);
/// Splits the channels into `count` outputs of the given sizes, which must add up to them.
COVStatus cov_builder_split(COVBuilder *builder, size_t input, const size_t *sizes, size_t count, size_t *outputs);
/// Computes the mean of each window, with zeros as padding.
COVStatus cov_builder_average_pool(COVBuilder *builder, size_t input, COVWindow window, size_t *output);
/// Adds zeros at the edges.
COVStatus cov_builder_pad(COVBuilder *builder, size_t input, size_t left, size_t right, size_t top, size_t bottom,
                          size_t *output);
/// `weights` has `channels * filters * kernel` values; `bias` has `filters`, or is null for none.
COVStatus cov_builder_transposed_convolution(COVBuilder *builder, size_t input, size_t filters, COVWindow window,
                                             const float *weights, const float *bias, size_t *output);
/// Self-attention over the cells of each of `areas` equal parts of the picture, one below the other.
///
/// The input has, for each head, `keys` channels of queries, `keys` of keys and `values` of values. `attended` has
/// `heads * values` channels, and `passed` the unchanged values.
COVStatus cov_builder_attention(COVBuilder *builder, size_t input, size_t heads, size_t keys, size_t values,
                                size_t areas, size_t *attended, size_t *passed);
/// Takes every second cell along both axes, starting at the given row and column.
COVStatus cov_builder_every_second(COVBuilder *builder, size_t input, size_t row, size_t column, size_t *output);
/// Creates a model that computes the given outputs; the builder can still be used.
COVStatus cov_builder_model(const COVBuilder *builder, const size_t *outputs, size_t count, COVModel **model);

COVStatus cov_model_compile(COVCore *core, const COVModel *model, COVCompileOptions options,
                            COVCompiledModel **compiled);
void cov_compiled_model_free(COVCompiledModel *compiled);
/// Precision chosen by OpenVINO: "f32", "bf16" or "f16"; an empty string if it does not say.
const char *cov_compiled_model_precision(COVCompiledModel *compiled);
/// Names of the devices that run the network, separated by commas.
const char *cov_compiled_model_devices(COVCompiledModel *compiled);

COVStatus cov_request_create(COVCompiledModel *compiled, COVRequest **request);
void cov_request_free(COVRequest *request);
/// Resizes the input tensor to `[1, height, width, 3]` and returns its memory, valid until the next call.
COVStatus cov_request_input(COVRequest *request, size_t height, size_t width, uint8_t **pixels);
/// Returns the memory of an input of fixed shape, and its size in bytes.
COVStatus cov_request_input_bytes(COVRequest *request, size_t index, void **bytes, size_t *size);
/// Starts the request; `completion` is called exactly once if this returns `COV_OK`, and never otherwise.
COVStatus cov_request_start(COVRequest *request, COVCompletion completion, void *context);
/// Returns the values and shape of an output of the last run, valid until the next start.
COVStatus cov_request_output(COVRequest *request, size_t index, const float **values, COVShape *shape);
/// Returns the elements of an output of the last run, whatever their type, their size in bytes and their shape; valid
/// until the next start.
COVStatus cov_request_output_bytes(COVRequest *request, size_t index, const void **bytes, size_t *size,
                                   COVShape *shape);

#ifdef __cplusplus
}
#endif

#endif
