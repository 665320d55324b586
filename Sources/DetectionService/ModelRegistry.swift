public import YOLO

/// The models that are served, by name.
public struct ModelRegistry: Sendable {
    /// The name of the model that serves requests which name none.
    public let defaultName: String
    private let detectors: [String: any ObjectDetector]

    /// Makes a registry.
    ///
    /// - Parameter defaultDetector: Serves requests that name no model.
    public init(defaultDetector: any ObjectDetector) {
        defaultName = defaultDetector.model.name
        detectors = [defaultName: defaultDetector]
    }

    /// What the models are, in the order of their names.
    public var models: [ModelDescription] { detectors.values.map(\.model).sorted { $0.name < $1.name } }

    /// The detector of a name, or the default one for nil.
    ///
    /// - Throws: ``Problem`` (404) where there is none of that name.
    func detector(named name: String?) throws -> any ObjectDetector {
        guard let detector = detectors[name ?? defaultName] else {
            let names = detectors.keys.sorted().joined(separator: ", ")
            throw Problem(.notFound, "There is no model called \(name ?? defaultName); there are: \(names).")
        }
        return detector
    }
}
