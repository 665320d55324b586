// A C face for the part of OpenVINO's C++ runtime that Osprey uses.
//
// Handles are owned by the caller and freed with the matching `_free`. A function that returns `COVStatus` leaves its
// results untouched on failure, and `cov_last_error` then says why, on the same thread, until the next call.
// Strings returned stay valid as long as the handle they were asked of.
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

/// Sizes by axis; -1 for an axis that is not fixed. A rank of -1 stands for one that is not fixed either.
typedef struct COVShape {
    int32_t rank;
    int64_t dimensions[COV_MAXIMUM_RANK];
} COVShape;

/// An output of a node: the node's index in the model's topological order, and which of its outputs.
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
    COVPrecision precision;
    int32_t streams;
    int32_t threads;
    /// Where the compiled form is kept for the next time; null keeps none.
    const char *cache_directory;
} COVCompileOptions;

/// How the boxes of a detection head are decoded: pixels by cell, then width and height in pixels of each anchor in turn.
typedef struct COVHead {
    size_t stride;
    size_t anchor_count;
    const float *anchors;
} COVHead;

/// Height first.
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

/// Called once on a thread of OpenVINO's; `message` is null on success and valid during the call.
typedef void (*COVCompletion)(void *context, COVStatus status, const char *message);

const char *cov_last_error(void);
const char *cov_version(void);

COVStatus cov_core_create(COVCore **core);

/// Reads an ONNX file, or an OpenVINO IR named by its .xml file.
COVStatus cov_model_read(COVCore *core, const char *path, COVModel **model);
void cov_model_free(COVModel *model);

size_t cov_model_input_count(const COVModel *model);
size_t cov_model_output_count(const COVModel *model);
COVShape cov_model_input_shape(const COVModel *model, size_t index);
COVShape cov_model_output_shape(const COVModel *model, size_t index);

/// Where an output of the model comes from.
COVPort cov_model_output_port(const COVModel *model, size_t index);

/// The text that an exporter left under `key`, or null.
const char *cov_model_metadata(COVModel *model, const char *key);
/// Leaves a text under `key`, for those who read the model once it is saved.
COVStatus cov_model_set_metadata(COVModel *model, const char *key, const char *text);

/// The model's nodes in topological order. Indices stay valid until the model is changed or freed.
size_t cov_model_node_count(const COVModel *model);
COVNode cov_model_node(const COVModel *model, size_t node);
COVPort cov_model_node_input(const COVModel *model, size_t node, size_t input);
COVShape cov_model_port_shape(const COVModel *model, COVPort port);

/// Fixes the size of the only input to `[batch, 3, height, width]`; -1 leaves an axis open.
COVStatus cov_model_reshape(COVModel *model, int64_t batch, int64_t height, int64_t width);

/// What an output becomes when the given ports hold the given values, as many as their fixed shapes have; what comes
/// before them is not computed. `capacity` must be the number of the output's values.
COVStatus cov_model_evaluate(COVCore *core, const COVModel *model, size_t output, const COVPort *ports,
                             const float *const *values, size_t count, float *result, size_t capacity);

/// A new model that computes the given ports from the same input.
COVStatus cov_model_cut(const COVModel *model, const COVPort *ports, size_t count, COVModel **result);
/// A copy of the model for pictures of one size, so that the shapes of its ports are fixed.
COVStatus cov_model_sized(const COVModel *model, size_t height, size_t width, COVModel **result);
/// Changes the model to take `[1, height, width, 3]` UInt8 RGB in place of `[1, 3, height, width]` in 0...1, and to
/// answer in float. With `dynamic_size`, height and width are no longer fixed.
COVStatus cov_model_take_pixels(COVModel *model, bool dynamic_size);

/// A copy of a model of fixed size, the first outputs of which are `count` heads, that answers with their decoded boxes
/// `[1, boxes, values]`, and then with its other outputs.
COVStatus cov_model_decoded(const COVModel *model, const COVHead *heads, size_t count, size_t class_count,
                            COVModel **result);
/// Writes the model as an OpenVINO IR, the .xml file at `path` and the .bin file beside it.
COVStatus cov_model_save(const COVModel *model, const char *path);

/// Builds a network that takes `[1, 3, height, width]` in 0...1, height and width not fixed, operation by operation.
/// Each operation names the outputs it takes by the numbers that earlier ones left in `output`; 0 is the picture.
COVStatus cov_builder_create(COVBuilder **builder);
void cov_builder_free(COVBuilder *builder);
COVShape cov_builder_shape(const COVBuilder *builder, size_t output);
/// `weights` has `filters * channels / groups * kernel` values; `bias` has `filters`.
COVStatus cov_builder_convolution(COVBuilder *builder, size_t input, size_t filters, size_t groups, COVWindow window,
                                  const float *weights, const float *bias, size_t *output);
/// Each channel times its scale, plus its shift.
COVStatus cov_builder_affine(COVBuilder *builder, size_t input, size_t channels, const float *scale,
                             const float *shift, size_t *output);
COVStatus cov_builder_activation(COVBuilder *builder, size_t input, COVActivation activation, float slope,
                                 size_t *output);
COVStatus cov_builder_max_pool(COVBuilder *builder, size_t input, COVWindow window, size_t *output);
COVStatus cov_builder_add(COVBuilder *builder, size_t left, size_t right, size_t *output);
/// The channels of all inputs, one after the other.
COVStatus cov_builder_concat(COVBuilder *builder, const size_t *inputs, size_t count, size_t *output);
/// Repeats each cell `factor` times along both sides.
COVStatus cov_builder_upsample(COVBuilder *builder, size_t input, size_t factor, size_t *output);
/// Every second cell along both sides, beginning with the given row and column.
COVStatus cov_builder_every_second(COVBuilder *builder, size_t input, size_t row, size_t column, size_t *output);
/// The network that computes the given outputs; the builder can go on.
COVStatus cov_builder_model(const COVBuilder *builder, const size_t *outputs, size_t count, COVModel **model);

COVStatus cov_model_compile(COVCore *core, const COVModel *model, COVCompileOptions options,
                            COVCompiledModel **compiled);
void cov_compiled_model_free(COVCompiledModel *compiled);
/// The arithmetic chosen: "f32", "bf16", "f16".
const char *cov_compiled_model_precision(COVCompiledModel *compiled);

COVStatus cov_request_create(COVCompiledModel *compiled, COVRequest **request);
void cov_request_free(COVRequest *request);
/// Sizes the input tensor to `[1, height, width, 3]` and hands out its memory, valid until the next call.
COVStatus cov_request_input(COVRequest *request, size_t height, size_t width, uint8_t **pixels);
/// Starts the request; `completion` is called exactly once if this returns `COV_OK`, and never otherwise.
COVStatus cov_request_start(COVRequest *request, COVCompletion completion, void *context);
/// The values of an output of the last run, valid until the next start.
COVStatus cov_request_output(COVRequest *request, size_t index, const float **values, COVShape *shape);

#ifdef __cplusplus
}
#endif

#endif
