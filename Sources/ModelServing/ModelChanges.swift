package import Logging

/// The effect of updating a ``ModelRegistry``, by model name.
package struct ModelChanges: Sendable {
    /// Models that were not served before.
    package var added: [String] = []
    /// Models whose file changed.
    package var replaced: [String] = []
    /// Models whose file was removed.
    package var removed: [String] = []
    /// Models that could not be loaded, with the reasons.
    package var failed: [String: String] = [:]

    package init() {}

    package var isEmpty: Bool { added.isEmpty && replaced.isEmpty && removed.isEmpty && failed.isEmpty }

    /// Logs removals and failures; ``ModelLoader`` logs what it loads.
    package func log(to logger: Logger) {
        for name in removed { logger.info("Model removed", metadata: ["model": "\(name)"]) }
        for (name, reason) in failed {
            logger.warning("Model not loaded", metadata: ["model": "\(name)", "reason": "\(reason)"])
        }
    }
}
