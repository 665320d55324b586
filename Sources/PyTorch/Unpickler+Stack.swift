extension Unpickler {
    /// Takes from what may be made: one for each value, more for what is large.
    mutating func charge(_ count: Int) throws(PyTorchError) {
        guard count <= valuesLeft else {
            throw PyTorchError(
                .tooLarge,
                "data.pkl holds more than \(limits.maximumValues) values, which no checkpoint of a network does"
            )
        }
        valuesLeft -= count
    }

    mutating func push(_ value: PickleValue) throws(PyTorchError) {
        try charge(1)
        stack.append(value)
    }

    /// The value on top; what is below the last mark is out of reach.
    func top() throws(PyTorchError) -> PickleValue {
        guard stack.count > marks.last ?? 0, let value = stack.last else { throw underflow }
        return value
    }

    mutating func pop() throws(PyTorchError) -> PickleValue {
        guard stack.count > marks.last ?? 0, let value = stack.popLast() else { throw underflow }
        return value
    }

    /// The topmost values, the deepest first.
    mutating func pop(_ count: Int) throws(PyTorchError) -> [PickleValue] {
        guard stack.count - count >= marks.last ?? 0 else { throw underflow }
        defer { stack.removeLast(count) }
        return Array(stack.suffix(count))
    }

    /// What was pushed since the last mark, which is taken away too.
    mutating func popMarked() throws(PyTorchError) -> [PickleValue] {
        guard let mark = marks.popLast() else { throw underflow }
        defer { stack.removeSubrange(mark...) }
        return Array(stack[mark...])
    }

    /// Drops the value on top, or the last mark where nothing is above it.
    mutating func discard() throws(PyTorchError) {
        if stack.count == marks.last {
            marks.removeLast()
        } else {
            _ = try pop()
        }
    }

    mutating func memoize(_ index: UInt32) throws(PyTorchError) {
        try charge(1)
        memo[index] = try top()
    }

    mutating func recall(_ index: UInt32) throws(PyTorchError) {
        guard let value = memo[index] else { throw damaged("refers to a value that was not remembered") }
        try push(value)
    }

    /// An error about the instruction that was read last.
    func damaged(_ what: String) -> PyTorchError {
        .corrupt("data.pkl \(what), before byte \(cursor.offset) of the file")
    }

    private var underflow: PyTorchError { damaged("takes more values than there are") }
}
