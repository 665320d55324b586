/// A JSON request with its tensors' data set apart: they have millions of numbers, which a general parser would turn
/// into a hundred times their size.
struct TensorTexts {
    /// The request in which each list of data is replaced by its index in ``data``.
    private(set) var rest: [UInt8] = []
    /// The lists, from `[` to `]`.
    private(set) var data: [ArraySlice<UInt8>] = []

    /// Containers at this depth are left to the parser, which rejects them.
    private static let maximumDepth = 64

    private struct Container {
        var isObject: Bool
        /// Name of the member whose value comes next; nil before it.
        var name: ArraySlice<UInt8>?
    }

    /// Splits a request; a malformed one is left to the parser of ``rest``.
    init(_ json: ArraySlice<UInt8>) {
        var containers: [Container] = []
        var position = json.startIndex
        /// Start of what has not been copied to `rest`.
        var copied = position
        scan: while position < json.endIndex {
            switch json[position] {
            case UInt8(ascii: "\""):
                let end = Self.end(ofText: json, from: position)
                if let last = containers.indices.last, containers[last].isObject, containers[last].name == nil {
                    containers[last].name = json[(position + 1)..<max(position + 1, end - 1)]
                }
                position = end
            case UInt8(ascii: "[") where Self.isData(containers):
                let end = Self.end(ofArray: json, from: position)
                rest.append(contentsOf: json[copied..<position])
                rest.append(contentsOf: "[\(data.count)]".utf8)
                data.append(json[position..<end])
                position = end
                copied = end
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                guard containers.count < Self.maximumDepth else { break scan }
                containers.append(Container(isObject: json[position] == UInt8(ascii: "{")))
                position += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                _ = containers.popLast()
                position += 1
            case UInt8(ascii: ","):
                if let last = containers.indices.last { containers[last].name = nil }
                position += 1
            default: position += 1
            }
        }
        rest.append(contentsOf: json[copied...])
    }

    /// Whether a value is `inputs[].data`.
    private static func isData(_ containers: [Container]) -> Bool {
        containers.count == 3 && containers[0].name?.elementsEqual("inputs".utf8) == true
            && !containers[1].isObject && containers[2].name?.elementsEqual("data".utf8) == true
    }

    /// Returns the position after a text.
    private static func end(ofText json: ArraySlice<UInt8>, from start: Int) -> Int {
        var position = start + 1
        while position < json.endIndex, json[position] != UInt8(ascii: "\"") {
            position += json[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(position + 1, json.endIndex)
    }

    /// Returns the position after an array.
    private static func end(ofArray json: ArraySlice<UInt8>, from start: Int) -> Int {
        var depth = 0
        var position = start
        while position < json.endIndex {
            switch json[position] {
            case UInt8(ascii: "\""):
                position = end(ofText: json, from: position)
                continue
            case UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "]"): depth -= 1
            default: break
            }
            position += 1
            if depth == 0 { return position }
        }
        return json.endIndex
    }
}
