extension Unpickler {
    /// Charges `count` to the limit on values: 1 for each value, more for expensive operations.
    mutating func charge(_ count: Int) throws(PyTorchError) {
        guard count <= valuesLeft else {
            throw PyTorchError(
                .tooLarge,
                "data.pkl has more than \(limits.maximumValues) values, unlike a network checkpoint"
            )
        }
        valuesLeft -= count
    }

    mutating func push(_ value: PickleValue) throws(PyTorchError) {
        try charge(1)
        stack.append(value)
    }

    /// Returns the top value; values below the last mark are not accessible.
    func top() throws(PyTorchError) -> PickleValue {
        guard stack.count > marks.last ?? 0, let value = stack.last else { throw underflow }
        return value
    }

    mutating func pop() throws(PyTorchError) -> PickleValue {
        guard stack.count > marks.last ?? 0, let value = stack.popLast() else { throw underflow }
        return value
    }

    /// Removes and returns the top `count` values, deepest first.
    mutating func pop(_ count: Int) throws(PyTorchError) -> [PickleValue] {
        guard stack.count - count >= marks.last ?? 0 else { throw underflow }
        defer { stack.removeLast(count) }
        return Array(stack.suffix(count))
    }

    /// Removes the last mark and removes and returns the values above it.
    mutating func popMarked() throws(PyTorchError) -> [PickleValue] {
        guard let mark = marks.popLast() else { throw underflow }
        defer { stack.removeSubrange(mark...) }
        return Array(stack[mark...])
    }

    /// Drops the top value, or the last mark if nothing is above it.
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
        guard let value = memo[index] else { throw damaged("refers to a value that is not in the memo") }
        try push(value)
    }

    /// Returns an error about the last instruction read.
    func damaged(_ what: String) -> PyTorchError {
        .corrupt("data.pkl \(what), before byte \(cursor.offset) of the file")
    }

    private var underflow: PyTorchError { damaged("pops more values than the stack has") }
}
