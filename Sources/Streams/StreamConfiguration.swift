internal import Basics
internal import DetectionPipeline
package import JSONSchema
package import Video

/// What a stream watches, and how.
package struct StreamConfiguration: Sendable {
    /// Whether pictures in which nothing moves are skipped.
    package enum Gate: String, CaseIterable, Sendable {
        case on
        case off
    }

    package static let address = Field(
        name: "address",
        schema: .text(1...2048).described(
            "Where the pictures come from: rtsp://, rtsps://, http://, https://, or /dev/videoN of the service's machine. "
                + "User and password may stand before the host."
        ).example("rtsp://user:password@camera.local/stream"),
        isRequired: true,
        otherNames: ["url", "source", "uri"]
    )
    package static let rate = Field(
        name: "rate",
        schema: .number(0.1...60).nullable().defaulting(to: 5).described("Pictures per second that are looked at."),
        otherNames: ["fps"]
    )
    package static let gate = Field(
        name: "gate",
        schema: .oneOf(Gate.allCases.map(\.rawValue)).nullable().defaulting(to: .string(Gate.on.rawValue)).described(
            "Whether the network skips pictures in which nothing moves; one per second is looked at in any case."
        ),
        otherNames: ["motion"]
    )

    /// Options of a detection that make no sense for a stream: its results are boxes.
    private static let unused: Set = [
        DetectionFields.crops.name, DetectionFields.cropMargin.name, DetectionFields.masks.name,
        DetectionFields.polygonTolerance.name, DetectionFields.multiLabel.name,
    ]

    /// The members of a configuration.
    package static let fields =
        [address, rate, gate] + DetectionFields.all.filter { !unused.contains($0.name) }

    package static let exampleValues = Values([
        "address": "rtsp://user:password@camera.local/stream", "classes": ["person", "car"], "rate": 5,
    ])

    /// The values as given.
    package let values: Values
    package let source: VideoSource

    /// - Parameter values: Values that were validated against ``fields``.
    /// - Throws: `ValidationErrors` for an address that is not allowed.
    package init(_ values: Values) throws(ValidationErrors) {
        self.values = values
        do {
            source = try VideoSource(address: values.string(Self.address.name) ?? "")
        } catch {
            throw ValidationErrors(at: ["body", Self.address.name], error.message, type: "not_allowed")
        }
    }

    /// Name of the model; nil for the default.
    package var model: String? { values.string(DetectionFields.model.name) }
    /// Pictures per second that are looked at.
    package var rate: Double { values.number(Self.rate.name) ?? 5 }
    package var gate: Gate { values.string(Self.gate.name).flatMap(Gate.init) ?? .on }

    /// The values without what may be secret.
    package var shownValues: Values {
        Values(values.all.merging([Self.address.name: .string(source.description)]) { _, shown in shown })
    }
}
