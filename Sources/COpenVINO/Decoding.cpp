#include "graph.hpp"

#include <numeric>
#include <set>

#include <openvino/op/add.hpp>
#include <openvino/op/concat.hpp>
#include <openvino/op/convert.hpp>
#include <openvino/op/reduce_sum.hpp>
#include <openvino/op/sigmoid.hpp>
#include <openvino/op/softmax.hpp>
#include <openvino/op/subtract.hpp>
#include <openvino/op/transpose.hpp>
#include <openvino/op/variadic_split.hpp>

namespace {

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

/// Returns the decoded boxes of one anchor-free head, `[1, 4, rows * columns]`: centre and size in pixels.
///
/// The logits are distances of the edges from the middle of a cell, or distributions of them, of which the mean counts.
Output decode(const Output &logits, size_t stride, size_t bins) {
    const auto shape = logits.get_shape();
    const size_t rows = shape.at(2), columns = shape.at(3), cells = rows * columns;
    auto distances = reshaped(logits, {1, 4, static_cast<int64_t>(bins), -1});
    if (bins > 1) {
        std::vector<float> places(bins);
        std::iota(places.begin(), places.end(), 0.0F);
        distances = scaled(std::make_shared<ov::op::v8::Softmax>(distances, 2), floats({1, 1, bins, 1}, places));
    }
    distances = std::make_shared<ov::op::v1::ReduceSum>(distances, integers({2}), false);
    const auto edges = std::make_shared<ov::op::v1::VariadicSplit>(distances, integers({1}), integers({2, 2}));
    const auto &before = edges->output(0), &after = edges->output(1);
    std::vector<float> middles(2 * cells);
    for (size_t cell = 0; cell < cells; ++cell) {
        middles[cell] = static_cast<float>(cell % columns) + 0.5F;
        middles[cells + cell] = static_cast<float>(cell / columns) + 0.5F;
    }
    const auto offset = scaled(std::make_shared<ov::op::v1::Subtract>(after, before), floats({1}, {0.5F}));
    const auto center = std::make_shared<ov::op::v1::Add>(offset, floats({1, 2, cells}, middles));
    const auto size = std::make_shared<ov::op::v1::Add>(before, after);
    const auto boxes = std::make_shared<ov::op::v0::Concat>(ov::OutputVector{center, size}, 1);
    return scaled(boxes, floats({1}, {static_cast<float>(stride)}));
}

int64_t channels_of(const Output &values) { return static_cast<int64_t>(values.get_shape().at(1)); }

} // namespace

ov::OutputVector outputs_of(const std::shared_ptr<ov::Model> &network) {
    ov::OutputVector outputs;
    for (const auto &result : network->get_results()) {
        auto source = result->input_value(0);
        if (source.get_element_type() != ov::element::f32) {
            source = std::make_shared<ov::op::v0::Convert>(source, ov::element::f32);
        }
        outputs.push_back(source);
    }
    return outputs;
}

COVModel *with_outputs(const std::shared_ptr<ov::Model> &network, const ov::OutputVector &outputs) {
    const auto nodes = network->get_ordered_ops();
    const std::set<std::shared_ptr<ov::Node>> known(nodes.begin(), nodes.end());
    const auto decoded = std::make_shared<ov::Model>(outputs, network->get_parameters());
    for (const auto &node : decoded->get_ordered_ops()) {
        if (known.count(node) == 0) {
            node->set_friendly_name("decode/" + node->get_friendly_name());
        }
    }
    return new COVModel(decoded);
}

COVStatus cov_model_decoded(const COVModel *model, const COVHead *heads, size_t count, size_t class_count,
                            COVModel **result) {
    return guarded(COV_INVALID_MODEL, [&] {
        const auto network = model->model->clone();
        const auto logits = outputs_of(network);
        ov::OutputVector boxes, outputs;
        for (size_t output = 0; output < logits.size(); ++output) {
            if (output < count) {
                boxes.push_back(decode(logits[output], heads[output], class_count));
            } else {
                outputs.push_back(logits[output]);
            }
        }
        outputs.insert(outputs.begin(), std::make_shared<ov::op::v0::Concat>(boxes, 1));
        *result = with_outputs(network, outputs);
    });
}

COVStatus cov_model_decoded_cells(const COVModel *model, const size_t *strides, size_t count, size_t bins,
                                  bool has_masks, COVModel **result) {
    return guarded(COV_INVALID_MODEL, [&] {
        const auto network = model->model->clone();
        const auto logits = outputs_of(network);
        const size_t per_head = has_masks ? 3 : 2;
        ov::OutputVector heads;
        for (size_t head = 0; head < count; ++head) {
            const auto *parts = &logits.at(head * per_head);
            const auto scores = std::make_shared<ov::op::v0::Sigmoid>(parts[1]);
            ov::OutputVector values{decode(parts[0], strides[head], bins), reshaped(scores, {1, channels_of(parts[1]), -1})};
            if (has_masks) {
                values.push_back(reshaped(parts[2], {1, channels_of(parts[2]), -1}));
            }
            heads.push_back(std::make_shared<ov::op::v0::Concat>(values, 1));
        }
        ov::OutputVector outputs(logits.begin() + static_cast<ptrdiff_t>(count * per_head), logits.end());
        outputs.insert(outputs.begin(), std::make_shared<ov::op::v0::Concat>(heads, 2));
        *result = with_outputs(network, outputs);
    });
}
