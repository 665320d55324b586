/// A look at an inference request's bytes before they are decoded.
///
/// An empty tensor takes two bytes, and a hundred in memory; a small number takes one byte, and eight. Requests are
/// therefore rejected by their counts, before anything is allocated for them.
struct InferenceMessageShape {
    /// The counts that a request may have.
    private static let maximumInputs = 16
    private static let maximumOutputs = 64
    private static let maximumParameters = 256
    /// Elements of a list of bytes, and bytes of a list of numbers with variable lengths.
    private static let maximumTexts = 64
    private static let maximumNumberBytes = 4 << 20
    private static let maximumDimensionBytes = 128

    private var parameters = 0

    /// Whether a `ModelInferRequest` has reasonable counts; its fields are left to the decoder.
    static func isReasonable(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var shape = InferenceMessageShape()
        return shape.checkRequest(bytes)
    }

    private mutating func checkRequest(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var counts = (inputs: 0, outputs: 0, raw: 0)
        return Self.forEachField(of: bytes) { number, contents in
            switch number {
            case 4: parameters += 1
            case 5:
                counts.inputs += 1
                guard checkInput(contents) else { return false }
            case 6:
                counts.outputs += 1
                guard checkParameters(contents, number: 2) else { return false }
            case 7: counts.raw += 1
            default: break
            }
            return counts.inputs <= Self.maximumInputs && counts.outputs <= Self.maximumOutputs
                && counts.raw <= Self.maximumInputs && parameters <= Self.maximumParameters
        }
    }

    private mutating func checkInput(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var dimensionBytes = 0
        return Self.forEachField(of: bytes) { number, contents in
            switch number {
            case 3: dimensionBytes += contents.count + 1
            case 4: parameters += 1
            case 5: guard Self.checkContents(contents) else { return false }
            default: break
            }
            return dimensionBytes <= Self.maximumDimensionBytes && parameters <= Self.maximumParameters
        }
    }

    private mutating func checkParameters(_ bytes: UnsafeRawBufferPointer, number: UInt64) -> Bool {
        Self.forEachField(of: bytes) { found, _ in
            if found == number { parameters += 1 }
            return parameters <= Self.maximumParameters
        }
    }

    private static func checkContents(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var texts = 0
        var numberBytes = 0
        return forEachField(of: bytes) { number, contents in
            switch number {
            // Numbers of variable lengths; a number on its own takes two bytes or more.
            case 1...5: numberBytes += contents.count + 1
            // Of fixed lengths: packed, they take as much as in memory.
            case 6, 7: numberBytes += contents.isEmpty ? 8 : 0
            case 8: texts += 1
            default: break
            }
            return texts <= maximumTexts && numberBytes <= maximumNumberBytes
        }
    }

    /// Calls `body` with the number and contents of each field; stops if it returns false, and returns that.
    ///
    /// Fields without a length have no contents. A malformed message ends the walk, and is left to the decoder.
    private static func forEachField(
        of bytes: UnsafeRawBufferPointer,
        _ body: (UInt64, UnsafeRawBufferPointer) -> Bool
    ) -> Bool {
        var position = 0
        func varint() -> UInt64? {
            var value: UInt64 = 0
            for shift in stride(from: UInt64(0), to: 64, by: 7) {
                guard position < bytes.count else { return nil }
                let byte = bytes[position]
                position += 1
                value |= UInt64(byte & 0x7F) << shift
                if byte < 0x80 { return value }
            }
            return nil
        }
        while position < bytes.count {
            guard let key = varint() else { return true }
            var contents = UnsafeRawBufferPointer(start: nil, count: 0)
            switch key & 7 {
            case 0: guard varint() != nil else { return true }
            case 1: position += 8
            case 2:
                guard let length = varint(), length <= UInt64(bytes.count - position) else { return true }
                contents = UnsafeRawBufferPointer(rebasing: bytes[position..<(position + Int(length))])
                position += Int(length)
            case 5: position += 4
            // Groups are not part of the protocol.
            default: return false
            }
            guard body(key >> 3, contents) else { return false }
        }
        return true
    }
}
