// Helpers that add operations to a graph.
#ifndef OSPREY_GRAPH_HPP
#define OSPREY_GRAPH_HPP

#include "bridge.hpp"

#include <openvino/op/constant.hpp>
#include <openvino/op/multiply.hpp>
#include <openvino/op/reshape.hpp>
#include <openvino/op/slice.hpp>

using ov::op::v0::Constant;
using Output = ov::Output<ov::Node>;

inline Output floats(const ov::Shape &shape, const std::vector<float> &values) {
    return Constant::create(ov::element::f32, shape, values);
}

inline Output floats(const ov::Shape &shape, const float *values) {
    return floats(shape, std::vector<float>(values, values + ov::shape_size(shape)));
}

inline Output integers(const std::vector<int64_t> &values) {
    return Constant::create(ov::element::i64, {values.size()}, values);
}

inline Output scaled(const Output &values, const Output &factor) {
    return std::make_shared<ov::op::v1::Multiply>(values, factor);
}

inline Output reshaped(const Output &values, const std::vector<int64_t> &shape) {
    return std::make_shared<ov::op::v1::Reshape>(values, integers(shape), false);
}

/// Returns the values `begin..<end` of the last axis.
inline Output slice(const Output &values, size_t begin, size_t end) {
    return std::make_shared<ov::op::v8::Slice>(values, integers({static_cast<int64_t>(begin)}),
                                               integers({static_cast<int64_t>(end)}), integers({1}), integers({-1}));
}

/// Returns the outputs of a network, in single precision.
ov::OutputVector outputs_of(const std::shared_ptr<ov::Model> &network);

/// Returns a network with other outputs, in which the operations that are new have names of their own.
COVModel *with_outputs(const std::shared_ptr<ov::Model> &network, const ov::OutputVector &outputs);

#endif
