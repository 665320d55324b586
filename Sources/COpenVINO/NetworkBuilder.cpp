#include "bridge.hpp"

#include <openvino/op/add.hpp>
#include <openvino/op/concat.hpp>
#include <openvino/op/constant.hpp>
#include <openvino/op/convolution.hpp>
#include <openvino/op/group_conv.hpp>
#include <openvino/op/hswish.hpp>
#include <openvino/op/interpolate.hpp>
#include <openvino/op/max_pool.hpp>
#include <openvino/op/mish.hpp>
#include <openvino/op/multiply.hpp>
#include <openvino/op/parameter.hpp>
#include <openvino/op/prelu.hpp>
#include <openvino/op/relu.hpp>
#include <openvino/op/result.hpp>
#include <openvino/op/sigmoid.hpp>
#include <openvino/op/strided_slice.hpp>
#include <openvino/op/swish.hpp>

using ov::op::v0::Constant;

struct COVBuilder {
    /// Only the network's input.
    ov::ParameterVector parameters;
    ov::OutputVector outputs;
};

namespace {

ov::Output<ov::Node> floats(const ov::Shape &shape, const float *values) {
    return Constant::create(ov::element::f32, shape, std::vector<float>(values, values + ov::shape_size(shape)));
}

ov::Output<ov::Node> integers(const std::vector<int64_t> &values) {
    return Constant::create(ov::element::i64, {values.size()}, values);
}

/// Returns a constant with one value per channel of `[1, channels, height, width]`.
ov::Output<ov::Node> by_channel(size_t channels, const float *values) { return floats({1, channels, 1, 1}, values); }

size_t channels_of(const ov::Output<ov::Node> &output) { return output.get_partial_shape()[1].get_length(); }

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
        using Interpolate = ov::op::v11::Interpolate;
        Interpolate::InterpolateAttrs attributes(Interpolate::InterpolateMode::NEAREST,
                                                 Interpolate::ShapeCalcMode::SCALES, {0, 0, 0, 0}, {0, 0, 0, 0},
                                                 Interpolate::CoordinateTransformMode::ASYMMETRIC,
                                                 Interpolate::NearestMode::FLOOR);
        const float scale = static_cast<float>(factor);
        const std::vector<float> scales{scale, scale};
        return std::make_shared<Interpolate>(builder->outputs[input], floats({2}, scales.data()), integers({2, 3}),
                                             attributes);
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
