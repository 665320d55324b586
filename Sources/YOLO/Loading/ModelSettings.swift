internal import Basics
internal import FoundationEssentials
package import Imaging
internal import Yams

/// What a user states about a model in `NAME.yaml` beside it, where the file does not say it or is wrong.
///
/// Unknown keys are errors: a misspelt setting that is silently ignored would make every detection wrong.
package struct ModelSettings: Hashable, Sendable {
    /// Names of the classes by class id.
    package var names: [String]?
    /// Longest side of the network's input in pixels, of a network that accepts several.
    package var size: Int?
    package var placement: Letterbox.Placement?
    /// Whether a pixel of a reduced picture is the mean of those that it stands for.
    package var antialias: Bool?
    package var colors: InputFormat.Colors?
    /// Means of red, green and blue, in `0...255`.
    package var mean: [Float]?
    /// Deviations of red, green and blue, in `0...255`; greater than 0.
    package var deviation: [Float]?
    /// Device that runs the network, as OpenVINO names it.
    package var device: String?

    private enum Key: String, CaseIterable {
        case names, size, scaling, antialias, colors, mean, deviation, device
    }

    /// Keys that exporters and training tools write into files of this name, which say nothing that is needed.
    private static let foreign: Set<String> = [
        "anchors", "args", "author", "backbone", "batch", "ch", "channels", "date", "depth_multiple", "description",
        "docs",
        "download", "dynamic", "end2end", "head", "imgsz", "license", "nc", "path", "scales", "stride", "task", "test",
        "train", "val", "version", "width_multiple",
    ]

    private static let maximumBytes = 1 << 20
    private static let maximumClassCount = 100_000

    package init() {}

    /// Reads the settings of a model; all nil if it has none.
    ///
    /// - Throws: ``YOLOError`` with `invalidModel` if the file cannot be read, or states anything else.
    package init(of file: ModelFile) throws(YOLOError) {
        guard let path = file.settingsPath else {
            self.init()
            return
        }
        let text = try file.text(of: path, maximumBytes: Self.maximumBytes)
        do throws(YOLOError) {
            try self.init(yaml: text)
        } catch {
            let name = path.split(separator: "/").last.map(String.init) ?? path
            throw YOLOError(.invalidModel, "\(name) \(error.message)")
        }
    }

    /// Parses settings.
    ///
    /// - Throws: ``YOLOError`` with `invalidModel`; the message follows the name of the file.
    package init(yaml text: String) throws(YOLOError) {
        self.init()
        // The parser compares keys as often as aliases repeat them, which a few bytes can make billions of times.
        guard text.firstMatch(of: /(?:^|[\-:?,\[{\n])[ \t]*[*&][^\s,\]}]/) == nil, !text.contains("<<") else {
            throw YOLOError(.invalidModel, "must not have anchors and aliases (& and *)")
        }
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            let lines = "\(error)".split(separator: "\n").prefix(2).joined(separator: " ")
            throw YOLOError(.invalidModel, "is not valid YAML: \(lines)")
        }
        guard let node else { return }
        guard let mapping = node.mapping else {
            throw YOLOError(.invalidModel, "must be a mapping, as in `names: [cat, dog]`")
        }
        for (key, value) in mapping where !Self.foreign.contains(key.string ?? "") {
            guard let known = key.string.flatMap(Key.init) else {
                let all = Key.allCases.map(\.rawValue).joined(separator: ", ")
                throw YOLOError(
                    .invalidModel,
                    "sets '\(key.string?.printable(limit: 100) ?? "?")'; the settings of a model are \(all)"
                )
            }
            try set(known, to: value)
        }
    }

    /// Rejects names of more classes than a network has.
    func checkNames(count: Int) throws(YOLOError) {
        guard let names, names.count > count else { return }
        throw YOLOError(.invalidModel, "it has \(count) classes, but the file beside it names \(names.count)")
    }

    private mutating func set(_ key: Key, to value: Node) throws(YOLOError) {
        func parsed<Value>(as expectation: String, _ value: Value?) throws(YOLOError) -> Value {
            guard let value else { throw YOLOError(.invalidModel, "must set '\(key.rawValue)' to \(expectation)") }
            return value
        }
        switch key {
        case .names:
            names = try parsed(as: "a list of names, a mapping of ids to names, or COCO", Self.names(in: value))
        case .size:
            size = try parsed(as: "a side of 32 to 4096 pixels", Self.size(in: value))
        case .scaling:
            let choices = Letterbox.Placement.allCases.map(\.rawValue).joined(separator: ", ")
            placement = try parsed(
                as: "one of \(choices)",
                value.scalar.flatMap { Letterbox.Placement(rawValue: $0.string) }
            )
        case .antialias:
            antialias = try parsed(as: "true or false", value.scalar.flatMap { Bool($0.string.lowercased()) })
        case .colors:
            colors = try parsed(
                as: "RGB or BGR",
                value.scalar.flatMap { InputFormat.Colors(rawValue: $0.string.uppercased()) }
            )
        case .mean:
            mean = try parsed(
                as: "a number from 0 to 255, or three",
                Self.numbers(in: value) { (0...255).contains($0) }
            )
        case .deviation:
            deviation = try parsed(
                as: "a number greater than 0, up to 255, or three",
                Self.numbers(in: value) { $0 >= 0.001 && $0 <= 255 }
            )
        case .device:
            device = try parsed(
                as: "the name of a device",
                value.scalar.flatMap { $0.string.isEmpty ? nil : $0.string }
            )
        }
    }

    private static func names(in node: Node) -> [String]? {
        if let scalar = node.scalar { return scalar.string.uppercased() == "COCO" ? COCONames.all : nil }
        if let sequence = node.sequence {
            let names = sequence.compactMap(\.scalar?.string)
            return names.count == sequence.count && isUsable(names.count) ? names : nil
        }
        guard let mapping = node.mapping, isUsable(mapping.count) else { return nil }
        var names: [Int: String] = [:]
        for (key, value) in mapping {
            guard let id = key.scalar.flatMap({ Int($0.string) }), (0..<maximumClassCount).contains(id),
                let name = value.scalar?.string
            else { return nil }
            names[id] = name
        }
        return (0...(names.keys.max() ?? 0)).map { names[$0] ?? "class \($0)" }
    }

    private static func isUsable(_ count: Int) -> Bool { (1...maximumClassCount).contains(count) }

    private static func size(in node: Node) -> Int? {
        node.scalar.flatMap { Int($0.string) }.flatMap { side in
            ExportedModel.sides.contains(side) ? side : nil
        }
    }

    private static func numbers(in node: Node, _ isValid: (Float) -> Bool) -> [Float]? {
        let nodes = node.sequence.map { Array($0) } ?? [node, node, node]
        let numbers = nodes.compactMap { $0.scalar.flatMap { Float($0.string) } }
        return nodes.count == 3 && numbers.count == 3 && numbers.allSatisfy(isValid) ? numbers : nil
    }
}
