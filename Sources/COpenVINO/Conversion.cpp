#include "graph.hpp"

#include <openvino/op/add.hpp>
#include <openvino/op/concat.hpp>
#include <openvino/op/exp.hpp>
#include <openvino/op/gather.hpp>
#include <openvino/op/sigmoid.hpp>
#include <openvino/op/subtract.hpp>
#include <openvino/op/transpose.hpp>
#include <openvino/op/unsqueeze.hpp>

namespace {

Output difference(const Output &left, const Output &right) {
    return std::make_shared<ov::op::v1::Subtract>(left, right);
}

Output sum(const Output &left, const Output &right) { return std::make_shared<ov::op::v1::Add>(left, right); }

Output joined(const ov::OutputVector &parts, int64_t axis) {
    return std::make_shared<ov::op::v0::Concat>(parts, axis);
}

/// Returns boxes as centre, width and height in pixels, `[1, boxes, 4]`.
Output centers(const Output &values, const COVBoxes &form) {
    auto first = slice(values, 0, 2), second = slice(values, 2, 4);
    if (form.coordinates == COV_CORNERS) {
        const auto size = difference(second, first);
        first = sum(first, scaled(size, floats({1}, {0.5F})));
        second = size;
    } else if (form.coordinates == COV_OFFSETS) {
        std::vector<float> corners, strides;
        for (size_t box = 0; box < form.cell_count; ++box) {
            const auto &cell = form.cells[box];
            corners.insert(corners.end(), {static_cast<float>(cell.column), static_cast<float>(cell.row)});
            strides.push_back(static_cast<float>(cell.stride));
        }
        const auto stride = floats({1, form.cell_count, 1}, strides);
        first = scaled(sum(first, floats({1, form.cell_count, 2}, corners)), stride);
        second = scaled(std::make_shared<ov::op::v0::Exp>(second), stride);
    }
    const auto boxes = joined({first, second}, 2);
    if (form.width == 1 && form.height == 1) {
        return boxes;
    }
    return scaled(boxes, floats({4}, {form.width, form.height, form.width, form.height}));
}

} // namespace

COVStatus cov_model_columns(const COVModel *model, COVBoxes form, COVModel **result) {
    return guarded(COV_INVALID_MODEL, [&] {
        const auto network = model->model->clone();
        const auto outputs = outputs_of(network);
        const auto order = integers({0, 2, 1});
        auto values = outputs.at(form.boxes), scores = outputs.at(form.scores);
        if (form.is_transposed) {
            values = std::make_shared<ov::op::v1::Transpose>(values, order);
        }
        ov::OutputVector parts{centers(values, form)};
        ov::OutputVector rest;
        if (form.boxes == form.scores) {
            const size_t first = form.has_objectness ? 5 : 4, end = first + form.class_count;
            scores = slice(values, 4, end);
            const auto length = static_cast<size_t>(values.get_partial_shape()[2].get_length());
            if (length > end) {
                rest.push_back(slice(values, end, length));
            }
        } else {
            // Classes after the last one that has a name are left out.
            scores = slice(scores, 0, form.class_count + (form.has_objectness ? 1 : 0));
        }
        if (form.are_logits) {
            scores = std::make_shared<ov::op::v0::Sigmoid>(scores);
        }
        if (form.has_objectness) {
            scores = scaled(slice(scores, 1, 1 + form.class_count), slice(scores, 0, 1));
        }
        parts.push_back(scores);
        parts.insert(parts.end(), rest.begin(), rest.end());
        ov::OutputVector all{std::make_shared<ov::op::v1::Transpose>(joined(parts, 2), order)};
        for (size_t output = 0; output < outputs.size(); ++output) {
            if (output != form.boxes && output != form.scores) {
                all.push_back(outputs[output]);
            }
        }
        *result = with_outputs(network, all);
    });
}

COVStatus cov_model_reordered(const COVModel *model, const size_t *columns, COVModel **result) {
    return guarded(COV_INVALID_MODEL, [&] {
        const auto network = model->model->clone();
        const std::vector<int64_t> places(columns, columns + 6);
        const auto rows = std::make_shared<ov::op::v8::Gather>(outputs_of(network).at(0), integers(places),
                                                               Constant::create(ov::element::i64, {}, {1}));
        *result = with_outputs(network, {std::make_shared<ov::op::v0::Unsqueeze>(rows, integers({0}))});
    });
}

COVStatus cov_model_joined(const COVModel *model, size_t boxes, size_t scores, size_t classes, COVModel **result) {
    return guarded(COV_INVALID_MODEL, [&] {
        const auto network = model->model->clone();
        const auto outputs = outputs_of(network);
        const auto rows = joined({reshaped(outputs.at(boxes), {1, -1, 4}), reshaped(outputs.at(scores), {1, -1, 1}),
                                  reshaped(outputs.at(classes), {1, -1, 1})},
                                 2);
        *result = with_outputs(network, {rows});
    });
}

COVStatus cov_model_edges(const COVModel *model, size_t height, size_t width, COVModel **result) {
    return guarded(COV_INVALID_MODEL, [&] {
        const auto network = model->model->clone();
        const auto rows = outputs_of(network).at(0);
        const auto length = static_cast<size_t>(rows.get_partial_shape()[2].get_length());
        const auto center = slice(rows, 0, 2), half = scaled(slice(rows, 2, 4), floats({1}, {0.5F}));
        const auto edges = joined({difference(center, half), sum(center, half)}, 2);
        const auto across = static_cast<float>(width), down = static_cast<float>(height);
        const auto pixels = scaled(edges, floats({4}, {across, down, across, down}));
        *result = with_outputs(network, {joined({pixels, slice(rows, 4, length)}, 2)});
    });
}

COVStatus cov_model_set_input(COVModel *model, size_t index, const float *values, size_t count) {
    return guarded(COV_INVALID_MODEL, [&] {
        const auto parameter = model->model->get_parameters().at(index);
        const auto constant = Constant::create(parameter->get_element_type(), {1, count},
                                               std::vector<float>(values, values + count));
        parameter->output(0).replace(constant);
        model->model->remove_parameter(parameter);
        model->model->validate_nodes_and_infer_types();
        model->index();
    });
}

COVStatus cov_model_normalize(COVModel *model, const float *mean, const float *deviation, bool reverses) {
    return guarded(COV_INVALID_MODEL, [&] {
        ov::preprocess::PrePostProcessor input(model->model);
        input.input().tensor().set_element_type(ov::element::f32).set_layout("NCHW");
        input.input().model().set_layout("NCHW");
        std::vector<float> shares, means(mean, mean + 3);
        for (size_t channel = 0; channel < 3; ++channel) {
            shares.push_back(deviation[channel] / 255);
            means[channel] /= 255;
        }
        auto &steps = input.input().preprocess();
        steps.mean(means).scale(shares);
        if (reverses) {
            steps.reverse_channels();
        }
        model->model = input.build();
        model->index();
    });
}

COVStatus cov_model_take_floats(COVModel *model, bool *took_bytes) {
    return guarded(COV_INVALID_MODEL, [&] {
        const auto parameter = model->model->get_parameters().at(0);
        *took_bytes = parameter->get_element_type().is_integral();
        if (*took_bytes) {
            parameter->set_element_type(ov::element::f32);
            model->model->validate_nodes_and_infer_types();
            model->index();
        }
    });
}
