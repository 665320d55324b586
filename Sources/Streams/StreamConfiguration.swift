internal import Basics
internal import DetectionPipeline
package import JSONSchema
package import Video

/// What a stream watches, and how.
package struct StreamConfiguration: KeptConfiguration {
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
            "Whether the network skips pictures in which nothing moves; one in three seconds is looked at in any case."
        ),
        otherNames: ["motion"]
    )

    private static let lines = Field(
        name: "lines",
        schema: CountingLine.schema.nullable().described(
            "Lines by name whose crossings are counted: start and end [x, y], in pixels or as shares of width and height."
        ).example(["gate": [[0.1, 0.8], [0.9, 0.8]]])
    )
    private static let stay = Field(
        name: "stay",
        schema: .number(1...86_400).nullable().described(
            "Seconds after which an object has stayed in a zone, or in the picture if there are no zones."
        ),
        otherNames: ["loitering_time", "dwell"]
    )

    /// Options of a detection that make no sense for a stream: its results are boxes.
    private static let unused: Set = [
        DetectionFields.crops.name, DetectionFields.cropMargin.name, DetectionFields.masks.name,
        DetectionFields.polygonTolerance.name, DetectionFields.multiLabel.name,
    ]

    /// The members of a configuration.
    package static let fields =
        [address, rate, gate, lines, stay] + DetectionFields.all.filter { !unused.contains($0.name) }

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
        for line in lines(width: 1, height: 1) where line.start == line.end {
            throw ValidationErrors(at: ["body", Self.lines.name, line.name], "has no length", type: "not_allowed")
        }
    }

    /// Name of the model; nil for the default.
    package var model: String? { values.string(DetectionFields.model.name) }
    /// Names of the classes that are looked for; empty for all.
    package var classNames: [String] { values.strings(DetectionFields.classes.name) ?? [] }
    /// Pictures per second that are looked at.
    package var rate: Double { values.number(Self.rate.name) ?? 5 }
    package var gate: Gate { values.string(Self.gate.name).flatMap(Gate.init) ?? .on }

    /// Seconds after which an object has stayed; nil for never.
    var stay: Double? { values.number(Self.stay.name) }

    /// The lines in pixels of a picture of the given size.
    func lines(width: Int, height: Int) -> [CountingLine] {
        values.object(Self.lines.name).map { CountingLine.lines($0, width: width, height: height) } ?? []
    }

    /// The values without what may be secret.
    package var shownValues: Values {
        Values(values.all.merging([Self.address.name: .string(source.origin)]) { _, shown in shown })
    }
}
