#include "bridge.hpp"

#include <algorithm>

#include <openvino/op/parameter.hpp>
#include <openvino/pass/constant_folding.hpp>
#include <openvino/pass/manager.hpp>

struct COVCompiledModel {
    ov::CompiledModel compiled;
    std::string precision;
    std::string devices;
};

struct COVRequest {
    ov::InferRequest request;
};

/// Returns the result of `body`, or `fallback` if it throws, because no exception may leave the bridge.
///
/// Only invalid indices cause an exception here, which are a bug in the caller.
template <typename Answer, typename Body>
static Answer answer(Answer fallback, Body body) {
    guarded(COV_INVALID_ARGUMENT, [&] { fallback = body(); });
    return fallback;
}

static const COVShape unknown_shape = {-1, {}};

COVShape shape_of(const ov::PartialShape &partial) {
    COVShape shape = {};
    if (partial.rank().is_dynamic() || partial.size() > COV_MAXIMUM_RANK) {
        shape.rank = -1;
        return shape;
    }
    shape.rank = static_cast<int32_t>(partial.size());
    for (size_t axis = 0; axis < partial.size(); ++axis) {
        shape.dimensions[axis] = partial[axis].is_static() ? partial[axis].get_length() : -1;
    }
    return shape;
}

std::string &last_error() {
    thread_local std::string message;
    return message;
}

const char *cov_last_error(void) { return last_error().c_str(); }

const char *cov_version(void) {
    static const std::string version = ov::get_openvino_version().buildNumber;
    return version.c_str();
}

/// Returns a property of a device as text; empty if it has none.
template <typename Property>
static std::string property_of(ov::Core &core, const std::string &device, const Property &property) {
    try {
        return ov::Any(core.get_property(device, property)).as<std::string>();
    } catch (const std::exception &) {
        return "";
    }
}

COVStatus cov_core_create(COVCore **core) {
    return guarded(COV_FAILED, [&] {
        auto created = std::make_unique<COVCore>();
        // If another process truncated a mapped file, this process would crash.
        created->core.set_property(ov::enable_mmap(false));
        *core = created.release();
    });
}

const char *cov_core_devices(COVCore *core) {
    thread_local std::string lines;
    lines.clear();
    guarded(COV_FAILED, [&] {
        for (const auto &name : core->core.get_available_devices()) {
            lines += name + '\t' + property_of(core->core, name, ov::device::full_name) + '\n';
        }
    });
    return lines.c_str();
}

COVStatus cov_model_read(COVCore *core, const char *path, COVModel **model) {
    return guarded(COV_INVALID_MODEL, [&] { *model = new COVModel(core->core.read_model(path)); });
}

void cov_model_free(COVModel *model) { delete model; }

size_t cov_model_input_count(const COVModel *model) {
    return answer<size_t>(0, [&] { return model->model->inputs().size(); });
}

size_t cov_model_output_count(const COVModel *model) {
    return answer<size_t>(0, [&] { return model->model->outputs().size(); });
}

COVShape cov_model_input_shape(const COVModel *model, size_t index) {
    return answer(unknown_shape, [&] { return shape_of(model->model->input(index).get_partial_shape()); });
}

COVShape cov_model_output_shape(const COVModel *model, size_t index) {
    return answer(unknown_shape, [&] { return shape_of(model->model->output(index).get_partial_shape()); });
}

const char *cov_model_tensor_name(const COVModel *model, bool is_input, size_t index) {
    thread_local std::string name;
    name = answer(std::string(), [&] {
        const auto names = is_input ? model->model->input(index).get_names() : model->model->output(index).get_names();
        // The order of a set of several names is not fixed.
        const auto first = std::min_element(names.begin(), names.end());
        return first == names.end() ? std::string() : *first;
    });
    return name.c_str();
}

const char *cov_model_tensor_type(const COVModel *model, bool is_input, size_t index) {
    thread_local std::string type;
    type = answer(std::string(), [&] {
        return (is_input ? model->model->input(index).get_element_type() : model->model->output(index).get_element_type())
            .get_type_name();
    });
    return type.c_str();
}

bool cov_model_has_output(const COVModel *model, size_t index, const char *suffix) {
    return answer(false, [&] {
        const std::string wanted = suffix;
        for (const auto &name : model->model->output(index).get_names()) {
            const bool fits = name.size() >= wanted.size();
            if (fits && name.compare(name.size() - wanted.size(), wanted.size(), wanted) == 0) {
                return true;
            }
        }
        return false;
    });
}

COVPort cov_model_output_port(const COVModel *model, size_t index) {
    return answer(COVPort{}, [&]() -> COVPort {
        const auto source = model->model->output(index).get_node()->input_value(0);
        return {model->positions.at(source.get_node()), source.get_index()};
    });
}

const char *cov_model_metadata(COVModel *model, const char *key) {
    // ONNX's metadata_props are stored under "framework"; `ovc` and Ultralytics' IR exports use "model_info".
    const char *text = nullptr;
    guarded(COV_INVALID_MODEL, [&] {
        for (const char *section : {"framework", "model_info"}) {
            if (text == nullptr && model->model->has_rt_info(section, key)) {
                text = (model->metadata[key] = model->model->get_rt_info<std::string>(section, key)).c_str();
            }
        }
    });
    return text;
}

COVStatus cov_model_set_metadata(COVModel *model, const char *key, const char *text) {
    return guarded(COV_FAILED, [&] { model->model->set_rt_info(std::string(text), "model_info", key); });
}

COVStatus cov_model_save(const COVModel *model, const char *path) {
    return guarded(COV_FAILED, [&] { ov::save_model(model->model, path, false); });
}

size_t cov_model_node_count(const COVModel *model) { return model->nodes.size(); }

COVNode cov_model_node(const COVModel *model, size_t node) {
    const auto &source = model->nodes[node];
    return {
        source->get_type_info().name,
        source->get_friendly_name().c_str(),
        source->get_input_size(),
        source->get_output_size(),
    };
}

COVPort cov_model_node_input(const COVModel *model, size_t node, size_t input) {
    return answer(COVPort{}, [&]() -> COVPort {
        const auto source = model->nodes.at(node)->get_input_source_output(input);
        return {model->positions.at(source.get_node()), source.get_index()};
    });
}

COVShape cov_model_port_shape(const COVModel *model, COVPort port) {
    return answer(unknown_shape, [&] { return shape_of(model->nodes.at(port.node)->get_output_partial_shape(port.output)); });
}

COVStatus cov_model_reshape(COVModel *model, int64_t batch, int64_t height, int64_t width) {
    const auto status = guarded(COV_INVALID_MODEL,
                                [&] { model->model->reshape(ov::PartialShape{batch, 3, height, width}); });
    // A failed reshape may have replaced nodes, too.
    const auto indexed = guarded(COV_FAILED, [&] { model->index(); });
    return status == COV_OK ? indexed : status;
}

COVStatus cov_model_evaluate(COVCore *core, const COVModel *model, size_t output, const COVPort *ports,
                             const float *const *values, size_t count, float *result, size_t capacity, size_t *size) {
    return guarded(COV_INVALID_MODEL, [&] {
        ov::OutputVector ends{model->model->output(output).get_node()->input_value(0)};
        for (size_t position = 0; position < count; ++position) {
            ends.push_back(model->nodes.at(ports[position].node)->output(ports[position].output));
        }
        // Make the ports results of a clone, where they can be found again and replaced by parameters.
        const auto clone = ov::Model(ends, model->model->get_parameters()).clone();
        ov::ParameterVector parameters;
        for (size_t position = 0; position < count; ++position) {
            const auto port = clone->get_results().at(1 + position)->input_value(0);
            parameters.push_back(std::make_shared<ov::op::v0::Parameter>(port.get_element_type(), port.get_shape()));
            for (auto input : port.get_target_inputs()) {
                input.replace_source_output(parameters.back());
            }
        }
        // Exports with a dynamic input compute sizes from its shape, which is fixed by now.
        const ov::ResultVector results{clone->get_results().front()};
        auto inputs = clone->get_parameters();
        inputs.insert(inputs.end(), parameters.begin(), parameters.end());
        ov::pass::Manager folding;
        folding.register_pass<ov::pass::ConstantFolding>();
        folding.run_passes(std::make_shared<ov::Model>(results, inputs));
        auto rest = std::make_shared<ov::Model>(results, parameters);
        ov::preprocess::PrePostProcessor floats(rest);
        for (size_t position = 0; position < count; ++position) {
            floats.input(position).tensor().set_element_type(ov::element::f32);
        }
        floats.output().tensor().set_element_type(ov::element::f32);
        auto request = core->core
                           .compile_model(floats.build(), "CPU", ov::inference_num_threads(1),
                                          ov::hint::inference_precision(ov::element::f32))
                           .create_infer_request();
        for (size_t position = 0; position < count; ++position) {
            auto tensor = request.get_input_tensor(position);
            std::copy_n(values[position], tensor.get_size(), tensor.data<float>());
        }
        request.infer();
        const auto tensor = request.get_output_tensor();
        OPENVINO_ASSERT(tensor.get_size() <= capacity, "the output is larger than its shape");
        *size = tensor.get_size();
        std::copy_n(tensor.data<const float>(), *size, result);
    });
}

COVStatus cov_model_cut(const COVModel *model, const COVPort *ports, size_t count, COVModel **result) {
    return guarded(COV_INVALID_ARGUMENT, [&] {
        ov::OutputVector outputs;
        for (size_t position = 0; position < count; ++position) {
            outputs.push_back(model->nodes.at(ports[position].node)->output(ports[position].output));
        }
        // Clone, because adding results to nodes shared by two models would change both.
        const ov::Model cut(outputs, model->model->get_parameters());
        *result = new COVModel(cut.clone());
    });
}

COVStatus cov_model_sized(const COVModel *model, size_t height, size_t width, COVModel **result) {
    return guarded(COV_INVALID_MODEL, [&] {
        auto sized = std::make_unique<COVModel>(model->model->clone());
        sized->model->reshape(ov::PartialShape{1, 3, static_cast<int64_t>(height), static_cast<int64_t>(width)});
        sized->index();
        *result = sized.release();
    });
}

COVStatus cov_model_widen(COVModel *model) {
    return guarded(COV_INVALID_MODEL, [&] {
        const auto is_narrow = [](const ov::Output<ov::Node> &tensor) {
            return tensor.get_element_type() == ov::element::f16 || tensor.get_element_type() == ov::element::bf16;
        };
        ov::preprocess::PrePostProcessor wide(model->model);
        for (size_t index = 0; index < model->model->inputs().size(); ++index) {
            if (is_narrow(model->model->input(index))) {
                wide.input(index).tensor().set_element_type(ov::element::f32);
            }
        }
        for (size_t index = 0; index < model->model->outputs().size(); ++index) {
            if (is_narrow(model->model->output(index))) {
                wide.output(index).tensor().set_element_type(ov::element::f32);
            }
        }
        model->model = wide.build();
        model->index();
    });
}

COVStatus cov_model_take_pixels(COVModel *model, bool dynamic_size) {
    return guarded(COV_INVALID_MODEL, [&] {
        const auto shape = model->model->input().get_partial_shape();
        if (dynamic_size) {
            model->model->reshape(ov::PartialShape{1, 3, ov::Dimension::dynamic(), ov::Dimension::dynamic()});
        } else if (shape.is_dynamic() && shape.rank().is_static() && shape.size() == 4) {
            model->model->reshape(ov::PartialShape{1, 3, shape[2], shape[3]});
        }
        ov::preprocess::PrePostProcessor pixels(model->model);
        pixels.input().tensor().set_element_type(ov::element::u8).set_layout("NHWC");
        pixels.input().model().set_layout("NCHW");
        pixels.input().preprocess().convert_element_type(ov::element::f32).scale(255.0F);
        for (size_t output = 0; output < model->model->outputs().size(); ++output) {
            pixels.output(output).tensor().set_element_type(ov::element::f32);
        }
        model->model = pixels.build();
        model->index();
    });
}

/// Returns the properties for compiling a network: those of the CPU are for it alone, other devices have only hints.
static ov::AnyMap properties_for(const COVCompileOptions &options) {
    ov::AnyMap shared;
    if (options.precision == COV_PRECISION_F32) {
        shared.insert(ov::hint::inference_precision(ov::element::f32));
    } else if (options.precision == COV_PRECISION_BF16) {
        shared.insert(ov::hint::inference_precision(ov::element::bf16));
    }
    ov::AnyMap cpu = {
        ov::num_streams(options.streams),
        ov::inference_num_threads(options.threads),
        // With pinning, all services on one machine would be bound to its first cores.
        ov::hint::enable_cpu_pinning(false),
    };
    cpu.insert(shared.begin(), shared.end());
    const std::string device = options.device;
    if (device == "CPU") {
        return cpu;
    }
    const auto mode = options.streams > 1 ? ov::hint::PerformanceMode::THROUGHPUT : ov::hint::PerformanceMode::LATENCY;
    shared.insert(ov::hint::performance_mode(mode));
    if (device.find("AUTO") == 0 || device.find("MULTI") == 0 || device.find("HETERO") == 0) {
        shared.insert(ov::device::properties("CPU", cpu));
    }
    return shared;
}

/// Returns the names of the devices that run a network.
static std::vector<std::string> devices_of(const ov::CompiledModel &compiled, const std::string &requested) {
    try {
        if (auto devices = compiled.get_property(ov::execution_devices); !devices.empty()) {
            return devices;
        }
    } catch (const std::exception &) {
        // Not every plugin says.
    }
    return {requested};
}

/// Returns the precision of a network; if it runs on several devices, that of the first one.
static std::string precision_of(ov::Core &core, const ov::CompiledModel &compiled, const COVCompileOptions &options,
                                const std::string &device) {
    try {
        return compiled.get_property(ov::hint::inference_precision).to_string();
    } catch (const std::exception &) {
        switch (options.precision) {
        case COV_PRECISION_F32: return "f32";
        case COV_PRECISION_BF16: return "bf16";
        case COV_PRECISION_AUTO: return property_of(core, device, ov::hint::inference_precision);
        }
        return "";
    }
}

COVStatus cov_model_compile(COVCore *core, const COVModel *model, COVCompileOptions options,
                            COVCompiledModel **compiled) {
    return guarded(COV_INVALID_MODEL, [&] {
        auto properties = properties_for(options);
        if (options.cache_directory != nullptr) {
            properties.insert(ov::cache_dir(options.cache_directory));
        }
        auto result = core->core.compile_model(model->model, options.device, properties);
        const auto devices = devices_of(result, options.device);
        auto precision = precision_of(core->core, result, options, devices.front());
        std::string names;
        for (const auto &device : devices) {
            names += (names.empty() ? "" : ",") + device;
        }
        *compiled = new COVCompiledModel{std::move(result), std::move(precision), names};
    });
}

void cov_compiled_model_free(COVCompiledModel *compiled) { delete compiled; }

const char *cov_compiled_model_precision(COVCompiledModel *compiled) { return compiled->precision.c_str(); }

const char *cov_compiled_model_devices(COVCompiledModel *compiled) { return compiled->devices.c_str(); }

COVStatus cov_request_create(COVCompiledModel *compiled, COVRequest **request) {
    return guarded(COV_FAILED, [&] { *request = new COVRequest{compiled->compiled.create_infer_request()}; });
}

void cov_request_free(COVRequest *request) { delete request; }

COVStatus cov_request_input(COVRequest *request, size_t height, size_t width, uint8_t **pixels) {
    return guarded(COV_INVALID_ARGUMENT, [&] {
        auto tensor = request->request.get_input_tensor();
        const ov::Shape shape{1, height, width, 3};
        if (tensor.get_shape() != shape) {
            tensor.set_shape(shape);
        }
        *pixels = tensor.data<uint8_t>();
    });
}

COVStatus cov_request_input_bytes(COVRequest *request, size_t index, void **bytes, size_t *size) {
    return guarded(COV_INVALID_ARGUMENT, [&] {
        auto tensor = request->request.get_input_tensor(index);
        *bytes = tensor.data();
        *size = tensor.get_byte_size();
    });
}

COVStatus cov_request_start(COVRequest *request, COVCompletion completion, void *context) {
    return guarded(COV_FAILED, [&] {
        // Set for every run: OpenVINO removes the callback while it executes and restores it afterwards, so a run that
        // another thread starts in the meantime could otherwise complete without one.
        request->request.set_callback([completion, context](std::exception_ptr error) {
            if (!error) {
                completion(context, COV_OK, nullptr);
                return;
            }
            try {
                std::rethrow_exception(error);
            } catch (const std::exception &failure) {
                completion(context, COV_FAILED, failure.what());
            } catch (...) {
                completion(context, COV_FAILED, "unknown exception");
            }
        });
        request->request.start_async();
    });
}

COVStatus cov_request_output(COVRequest *request, size_t index, const float **values, COVShape *shape) {
    return guarded(COV_INVALID_ARGUMENT, [&] {
        const auto tensor = request->request.get_output_tensor(index);
        *shape = shape_of(ov::PartialShape(tensor.get_shape()));
        *values = tensor.data<const float>();
    });
}

COVStatus cov_request_output_bytes(COVRequest *request, size_t index, const void **bytes, size_t *size,
                                   COVShape *shape) {
    return guarded(COV_INVALID_ARGUMENT, [&] {
        const auto tensor = request->request.get_output_tensor(index);
        *shape = shape_of(ov::PartialShape(tensor.get_shape()));
        *bytes = tensor.data();
        *size = tensor.get_byte_size();
    });
}
