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
} COVCompileOptions;

/// Called once on a thread of OpenVINO's; `message` is null on success and valid during the call.
typedef void (*COVCompletion)(void *context, COVStatus status, const char *message);

const char *cov_last_error(void);
const char *cov_version(void);

/// `cache_directory` may be null: then nothing is cached.
COVStatus cov_core_create(const char *cache_directory, COVCore **core);
void cov_core_free(COVCore *core);

/// Reads an ONNX file, or an OpenVINO IR named by its .xml file.
COVStatus cov_model_read(COVCore *core, const char *path, COVModel **model);
void cov_model_free(COVModel *model);

size_t cov_model_input_count(const COVModel *model);
size_t cov_model_output_count(const COVModel *model);
COVShape cov_model_input_shape(const COVModel *model, size_t index);
COVShape cov_model_output_shape(const COVModel *model, size_t index);

/// The text that an exporter left under `key`, or null.
const char *cov_model_metadata(COVModel *model, const char *key);

/// The model's nodes in topological order. Indices stay valid until the model is changed or freed.
size_t cov_model_node_count(const COVModel *model);
COVNode cov_model_node(const COVModel *model, size_t node);
COVPort cov_model_node_input(const COVModel *model, size_t node, size_t input);
COVShape cov_model_port_shape(const COVModel *model, COVPort port);
/// Copies a constant's values, converted to float, for at most `capacity` of them; `count` is how many it has.
COVStatus cov_model_constant(const COVModel *model, size_t node, float *values, size_t capacity, size_t *count);

/// A new model that computes the given ports from the same input.
COVStatus cov_model_cut(const COVModel *model, const COVPort *ports, size_t count, COVModel **result);
/// Changes the model to take `[1, height, width, 3]` UInt8 RGB in place of `[1, 3, height, width]` in 0...1, and to
/// answer in float. With `dynamic_size`, height and width are no longer fixed.
COVStatus cov_model_take_pixels(COVModel *model, bool dynamic_size);

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
