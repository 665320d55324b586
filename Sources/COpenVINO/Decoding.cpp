#include "bridge.hpp"

#include <set>

#include <openvino/op/add.hpp>
#include <openvino/op/concat.hpp>
#include <openvino/op/constant.hpp>
#include <openvino/op/convert.hpp>
#include <openvino/op/multiply.hpp>
#include <openvino/op/reshape.hpp>
#include <openvino/op/sigmoid.hpp>
#include <openvino/op/slice.hpp>
#include <openvino/op/transpose.hpp>

using ov::op::v0::Constant;

namespace {

using Output = ov::Output<ov::Node>;

Output floats(const ov::Shape &shape, const std::vector<float> &values) {
    return Constant::create(ov::element::f32, shape, values);
}

Output integers(const std::vector<int64_t> &values) {
    return Constant::create(ov::element::i64, {values.size()}, values);
}

Output scaled(const Output &values, const Output &factor) {
    return std::make_shared<ov::op::v1::Multiply>(values, factor);
}

/// Returns the values `begin..<end` of each box.
Output slice(const Output &boxes, size_t begin, size_t end) {
    return std::make_shared<ov::op::v8::Slice>(boxes, integers({static_cast<int64_t>(begin)}),
                                               integers({static_cast<int64_t>(end)}), integers({1}), integers({-1}));
}

/// Returns the decoded boxes of one head, `[1, anchors * rows * columns, values]`.
///
/// With s for sigmoid, the centre is (2s(xy) - 0.5 + cell) * stride, and the size is (2s(wh))^2 * anchor.
Output decode(const Output &logits, const COVHead &head, size_t class_count) {
    const auto shape = logits.get_shape();
    const size_t anchors = head.anchor_count, rows = shape.at(2), columns = shape.at(3);
    const size_t values = shape.at(1) / anchors, probabilities = 5 + class_count;
    const auto split = std::make_shared<ov::op::v1::Reshape>(
        logits, Constant::create(ov::element::i64, {5}, {size_t{1}, anchors, values, rows, columns}), false);
    const auto boxes = std::make_shared<ov::op::v1::Transpose>(split, integers({0, 1, 3, 4, 2}));
    const auto sigmoid = std::make_shared<ov::op::v0::Sigmoid>(slice(boxes, 0, probabilities));

    const auto stride = static_cast<float>(head.stride);
    std::vector<float> cells;
    for (size_t row = 0; row < rows; ++row) {
        for (size_t column = 0; column < columns; ++column) {
            cells.push_back((static_cast<float>(column) - 0.5F) * stride);
            cells.push_back((static_cast<float>(row) - 0.5F) * stride);
        }
    }
    std::vector<float> sizes(head.anchors, head.anchors + 2 * anchors);
    for (auto &size : sizes) {
        size *= 4;
    }
    const auto centers = std::make_shared<ov::op::v1::Add>(scaled(slice(sigmoid, 0, 2), floats({1}, {2 * stride})),
                                                           floats({1, 1, rows, columns, 2}, cells));
    const auto side = slice(sigmoid, 2, 4);
    ov::OutputVector parts{centers, scaled(scaled(side, side), floats({1, anchors, 1, 1, 2}, sizes)),
                           slice(sigmoid, 4, probabilities)};
    if (values > probabilities) {
        parts.push_back(slice(boxes, probabilities, values));
    }
    return std::make_shared<ov::op::v1::Reshape>(std::make_shared<ov::op::v0::Concat>(parts, -1),
                                                 integers({1, -1, static_cast<int64_t>(values)}), false);
}

} // namespace

COVStatus cov_model_decoded(const COVModel *model, const COVHead *heads, size_t count, size_t class_count,
                            COVModel **result) {
    return guarded(COV_INVALID_MODEL, [&] {
        const auto network = model->model->clone();
        const auto logits = network->get_results();
        ov::OutputVector boxes, outputs;
        for (size_t output = 0; output < logits.size(); ++output) {
            auto source = logits[output]->input_value(0);
            if (source.get_element_type() != ov::element::f32) {
                source = std::make_shared<ov::op::v0::Convert>(source, ov::element::f32);
            }
            if (output < count) {
                boxes.push_back(decode(source, heads[output], class_count));
            } else {
                outputs.push_back(source);
            }
        }
        outputs.insert(outputs.begin(), std::make_shared<ov::op::v0::Concat>(boxes, 1));
        const auto nodes = network->get_ordered_ops();
        const std::set<std::shared_ptr<ov::Node>> known(nodes.begin(), nodes.end());
        const auto decoded = std::make_shared<ov::Model>(outputs, network->get_parameters());
        for (const auto &node : decoded->get_ordered_ops()) {
            if (known.count(node) == 0) {
                node->set_friendly_name("decode/" + node->get_friendly_name());
            }
        }
        *result = new COVModel(decoded);
    });
}
