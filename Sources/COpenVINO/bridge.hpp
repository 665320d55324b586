// Declarations shared by the translation units of the bridge.
#ifndef OSPREY_BRIDGE_HPP
#define OSPREY_BRIDGE_HPP

#include "COpenVINO.h"

#include <exception>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <openvino/openvino.hpp>

struct COVCore {
    ov::Core core;
};

struct COVModel {
    explicit COVModel(std::shared_ptr<ov::Model> source) : model(std::move(source)) { index(); }

    void index() {
        nodes = model->get_ordered_ops();
        positions.clear();
        for (size_t position = 0; position < nodes.size(); ++position) {
            positions[nodes[position].get()] = position;
        }
    }

    std::shared_ptr<ov::Model> model;
    std::vector<std::shared_ptr<ov::Node>> nodes;
    std::unordered_map<const ov::Node *, size_t> positions;
    std::map<std::string, std::string> metadata;
};

COVShape shape_of(const ov::PartialShape &partial);

/// Message of the last failed call on this thread.
std::string &last_error();

inline COVStatus fail(COVStatus status, const std::string &message) {
    last_error() = message;
    return status;
}

/// Runs `body` and converts any exception into the status `failure`.
template <typename Body>
COVStatus guarded(COVStatus failure, Body body) {
    try {
        body();
        return COV_OK;
    } catch (const std::exception &error) {
        return fail(failure, error.what());
    } catch (...) {
        return fail(failure, "unknown exception");
    }
}

#endif
