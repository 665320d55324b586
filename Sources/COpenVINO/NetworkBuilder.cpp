#include "graph.hpp"

#include <array>
#include <cmath>

#include <openvino/op/add.hpp>
#include <openvino/op/avg_pool.hpp>
#include <openvino/op/concat.hpp>
#include <openvino/op/convolution.hpp>
#include <openvino/op/gather.hpp>
#include <openvino/op/group_conv.hpp>
#include <openvino/op/hswish.hpp>
#include <openvino/op/interpolate.hpp>
#include <openvino/op/matmul.hpp>
#include <openvino/op/max_pool.hpp>
#include <openvino/op/mish.hpp>
#include <openvino/op/pad.hpp>
#include <openvino/op/parameter.hpp>
#include <openvino/op/prelu.hpp>
#include <openvino/op/relu.hpp>
#include <openvino/op/result.hpp>
#include <openvino/op/shape_of.hpp>
#include <openvino/op/sigmoid.hpp>
#include <openvino/op/softmax.hpp>
#include <openvino/op/strided_slice.hpp>
#include <openvino/op/swish.hpp>
#include <openvino/op/transpose.hpp>
#include <openvino/op/variadic_split.hpp>

struct COVBuilder {
    /// Only the network's input.
    ov::ParameterVector parameters;
    ov::OutputVector outputs;
};

namespace {

/// Returns a constant with one value per channel of `[1, channels, height, width]`.
ov::Output<ov::Node> by_channel(size_t channels, const float *values) { return floats({1, channels, 1, 1}, values); }

size_t channels_of(const ov::Output<ov::Node> &output) { return output.get_partial_shape()[1].get_length(); }

ov::Output<ov::Node> transposed(const ov::Output<ov::Node> &source, const std::vector<int64_t> &order) {
    return std::make_shared<ov::op::v1::Transpose>(source, integers(order));
}

/// Height and width of `[1, channels, height, width]`.
ov::Output<ov::Node> size_of(const ov::Output<ov::Node> &source) {
    const auto shape = std::make_shared<ov::op::v3::ShapeOf>(source);
    return std::make_shared<ov::op::v8::Gather>(shape, integers({2, 3}), integers({0}));
}

ov::op::v11::Interpolate::InterpolateAttrs nearest(ov::op::v11::Interpolate::ShapeCalcMode mode) {
    using Interpolate = ov::op::v11::Interpolate;
    return {Interpolate::InterpolateMode::NEAREST, mode, {0, 0, 0, 0}, {0, 0, 0, 0},
            Interpolate::CoordinateTransformMode::ASYMMETRIC, Interpolate::NearestMode::FLOOR};
}

/// Adds the operation returned by `make` to the builder.
template <typename Make>
COVStatus add(COVBuilder *builder, size_t *output, Make make) {
    return guarded(COV_INVALID_MODEL, [&] {
        builder->outputs.push_back(make()->output(0));
        *output = builder->outputs.size() - 1;
    });
}

} // namespace

COVStatus cov_builder_create(COVBuilder **builder) {
    return guarded(COV_FAILED, [&] {
        const auto any = ov::Dimension::dynamic();
        auto input = std::make_shared<ov::op::v0::Parameter>(ov::element::f32, ov::PartialShape{1, 3, any, any});
        input->set_friendly_name("images");
        *builder = new COVBuilder{{input}, {input->output(0)}};
    });
}

void cov_builder_free(COVBuilder *builder) { delete builder; }

COVShape cov_builder_shape(const COVBuilder *builder, size_t output) {
    return shape_of(builder->outputs[output].get_partial_shape());
}

COVStatus cov_builder_convolution(COVBuilder *builder, size_t input, size_t filters, size_t groups, COVWindow window,
                                  const float *weights, const float *bias, size_t *output) {
    return add(builder, output, [&]() -> std::shared_ptr<ov::Node> {
        const auto &source = builder->outputs[input];
        const size_t channels = channels_of(source);
        const ov::Strides strides(window.stride, window.stride + 2);
        const ov::Strides dilations(window.dilation, window.dilation + 2);
        const ov::CoordinateDiff padding(window.padding, window.padding + 2);
        const auto height = window.kernel[0], width = window.kernel[1];
        std::shared_ptr<ov::Node> sum;
        if (groups == 1) {
            const auto kernel = floats({filters, channels, height, width}, weights);
            sum = std::make_shared<ov::op::v1::Convolution>(source, kernel, strides, padding, padding, dilations);
        } else {
            const auto kernel = floats({groups, filters / groups, channels / groups, height, width}, weights);
            sum = std::make_shared<ov::op::v1::GroupConvolution>(source, kernel, strides, padding, padding, dilations);
        }
        return bias == nullptr ? sum : std::make_shared<ov::op::v1::Add>(sum, by_channel(filters, bias));
    });
}

COVStatus cov_builder_affine(COVBuilder *builder, size_t input, size_t channels, const float *scale,
                             const float *shift, size_t *output) {
    return add(builder, output, [&] {
        const auto scaled =
            std::make_shared<ov::op::v1::Multiply>(builder->outputs[input], by_channel(channels, scale));
        return std::make_shared<ov::op::v1::Add>(scaled, by_channel(channels, shift));
    });
}

COVStatus cov_builder_activation(COVBuilder *builder, size_t input, COVActivation activation, float slope,
                                 size_t *output) {
    return add(builder, output, [&]() -> std::shared_ptr<ov::Node> {
        const auto &source = builder->outputs[input];
        switch (activation) {
        case COV_ACTIVATION_SIGMOID:
            return std::make_shared<ov::op::v0::Sigmoid>(source);
        case COV_ACTIVATION_SILU:
            return std::make_shared<ov::op::v4::Swish>(source);
        case COV_ACTIVATION_RELU:
            return std::make_shared<ov::op::v0::Relu>(source);
        case COV_ACTIVATION_LEAKY_RELU:
            return std::make_shared<ov::op::v0::PRelu>(source, floats({1}, &slope));
        case COV_ACTIVATION_HARD_SWISH:
            return std::make_shared<ov::op::v4::HSwish>(source);
        case COV_ACTIVATION_MISH:
            return std::make_shared<ov::op::v4::Mish>(source);
        }
        throw std::invalid_argument("unknown activation");
    });
}

COVStatus cov_builder_max_pool(COVBuilder *builder, size_t input, COVWindow window, size_t *output) {
    return add(builder, output, [&] {
        const ov::Shape padding(window.padding, window.padding + 2);
        return std::make_shared<ov::op::v1::MaxPool>(
            builder->outputs[input], ov::Strides(window.stride, window.stride + 2), padding, padding,
            ov::Shape(window.kernel, window.kernel + 2));
    });
}

COVStatus cov_builder_add(COVBuilder *builder, size_t left, size_t right, size_t *output) {
    return add(builder, output, [&] {
        return std::make_shared<ov::op::v1::Add>(builder->outputs[left], builder->outputs[right]);
    });
}

COVStatus cov_builder_concat(COVBuilder *builder, const size_t *inputs, size_t count, size_t *output) {
    return add(builder, output, [&] {
        ov::OutputVector joined;
        for (size_t position = 0; position < count; ++position) {
            joined.push_back(builder->outputs[inputs[position]]);
        }
        return std::make_shared<ov::op::v0::Concat>(joined, 1);
    });
}

COVStatus cov_builder_upsample(COVBuilder *builder, size_t input, size_t factor, size_t *output) {
    return add(builder, output, [&] {
        const float scale = static_cast<float>(factor);
        const std::vector<float> scales{scale, scale};
        return std::make_shared<ov::op::v11::Interpolate>(builder->outputs[input], floats({2}, scales.data()),
                                                          integers({2, 3}),
                                                          nearest(ov::op::v11::Interpolate::ShapeCalcMode::SCALES));
    });
}

COVStatus cov_builder_resize_like(COVBuilder *builder, size_t input, size_t other, size_t *output) {
    return add(builder, output, [&] {
        return std::make_shared<ov::op::v11::Interpolate>(builder->outputs[input], size_of(builder->outputs[other]),
                                                          integers({2, 3}),
                                                          nearest(ov::op::v11::Interpolate::ShapeCalcMode::SIZES));
    });
}

COVStatus cov_builder_split(COVBuilder *builder, size_t input, const size_t *sizes, size_t count, size_t *outputs) {
    return guarded(COV_INVALID_MODEL, [&] {
        const std::vector<int64_t> lengths(sizes, sizes + count);
        const auto split =
            std::make_shared<ov::op::v1::VariadicSplit>(builder->outputs[input], integers({1}), integers(lengths));
        for (size_t part = 0; part < count; ++part) {
            builder->outputs.push_back(split->output(part));
            outputs[part] = builder->outputs.size() - 1;
        }
    });
}

COVStatus cov_builder_average_pool(COVBuilder *builder, size_t input, COVWindow window, size_t *output) {
    return add(builder, output, [&] {
        const ov::Shape padding(window.padding, window.padding + 2);
        return std::make_shared<ov::op::v1::AvgPool>(
            builder->outputs[input], ov::Strides(window.stride, window.stride + 2), padding, padding,
            ov::Shape(window.kernel, window.kernel + 2), false);
    });
}

COVStatus cov_builder_pad(COVBuilder *builder, size_t input, size_t left, size_t right, size_t top, size_t bottom,
                          size_t *output) {
    return add(builder, output, [&] {
        const auto begin = integers({0, 0, static_cast<int64_t>(top), static_cast<int64_t>(left)});
        const auto end = integers({0, 0, static_cast<int64_t>(bottom), static_cast<int64_t>(right)});
        return std::make_shared<ov::op::v1::Pad>(builder->outputs[input], begin, end, ov::op::PadMode::CONSTANT);
    });
}

COVStatus cov_builder_transposed_convolution(COVBuilder *builder, size_t input, size_t filters, COVWindow window,
                                             const float *weights, const float *bias, size_t *output) {
    return add(builder, output, [&]() -> std::shared_ptr<ov::Node> {
        const auto &source = builder->outputs[input];
        const auto kernel = floats({channels_of(source), filters, window.kernel[0], window.kernel[1]}, weights);
        const ov::CoordinateDiff padding(window.padding, window.padding + 2);
        const auto sum = std::make_shared<ov::op::v1::ConvolutionBackpropData>(
            source, kernel, ov::Strides(window.stride, window.stride + 2), padding, padding,
            ov::Strides(window.dilation, window.dilation + 2));
        if (bias == nullptr) {
            return sum;
        }
        return std::make_shared<ov::op::v1::Add>(sum, by_channel(filters, bias));
    });
}

COVStatus cov_builder_attention(COVBuilder *builder, size_t input, size_t heads, size_t keys, size_t values,
                                size_t areas, size_t *attended, size_t *passed) {
    return guarded(COV_INVALID_MODEL, [&] {
        const auto source = builder->outputs[input];
        const auto [h, k, v, a] = std::array{static_cast<int64_t>(heads), static_cast<int64_t>(keys),
                                             static_cast<int64_t>(values), static_cast<int64_t>(areas)};
        const std::vector<int64_t> channels{1, h * v};
        const auto shape = std::make_shared<ov::op::v0::Concat>(ov::OutputVector{integers(channels), size_of(source)}, 0);
        // [areas, heads, 2 * keys + values, cells of an area]
        const auto grouped = a == 1 ? reshaped(source, {1, h, 2 * k + v, -1})
                                    : transposed(reshaped(source, {h, 2 * k + v, a, -1}), {2, 0, 1, 3});
        const auto parts = std::make_shared<ov::op::v1::VariadicSplit>(grouped, integers({2}), integers({k, k, v}));
        const float scale = 1 / std::sqrt(static_cast<float>(keys));
        const auto queries = std::make_shared<ov::op::v1::Multiply>(parts->output(0), floats({1}, &scale));
        const auto scores = std::make_shared<ov::op::v0::MatMul>(queries, parts->output(1), true, false);
        const auto weights = std::make_shared<ov::op::v8::Softmax>(scores, -1);
        const auto sums = std::make_shared<ov::op::v0::MatMul>(parts->output(2), weights, false, true);
        const auto store = [&](const ov::Output<ov::Node> &result, size_t *output) {
            const auto joined = a == 1 ? result : transposed(result, {1, 2, 0, 3});
            builder->outputs.push_back(std::make_shared<ov::op::v1::Reshape>(joined, shape, false));
            *output = builder->outputs.size() - 1;
        };
        store(sums, attended);
        store(parts->output(2), passed);
    });
}

COVStatus cov_builder_every_second(COVBuilder *builder, size_t input, size_t row, size_t column, size_t *output) {
    return add(builder, output, [&] {
        const std::vector<int64_t> kept{1, 1, 0, 0};
        const auto begin = integers({0, 0, static_cast<int64_t>(row), static_cast<int64_t>(column)});
        const std::vector<int64_t> to_the_end{1, 1, 1, 1};
        return std::make_shared<ov::op::v1::StridedSlice>(builder->outputs[input], begin, integers({0, 0, 0, 0}),
                                                          integers({1, 1, 2, 2}), kept, to_the_end);
    });
}

COVStatus cov_builder_model(const COVBuilder *builder, const size_t *outputs, size_t count, COVModel **model) {
    return guarded(COV_INVALID_MODEL, [&] {
        ov::OutputVector results;
        for (size_t position = 0; position < count; ++position) {
            results.push_back(builder->outputs[outputs[position]]);
        }
        *model = new COVModel(std::make_shared<ov::Model>(results, builder->parameters));
    });
}
