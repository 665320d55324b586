// What the bridge's translation units share.
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

/// Why the last call on this thread failed.
std::string &last_error();

inline COVStatus fail(COVStatus status, const std::string &message) {
    last_error() = message;
    return status;
}

/// Runs `body`, which may throw, and turns what it throws into a status.
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
