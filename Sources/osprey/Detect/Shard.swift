internal import ArgumentParser

/// One of several equal shares of a list of pictures, so that several machines can process it together.
package struct Shard: ExpressibleByArgument, Equatable {
    /// Index of the share, in `0..<count`.
    package let index: Int
    /// Number of shares, at least 1.
    package let count: Int

    /// Parses `I/N`; nil unless I is in 0...N and N in 1...100000.
    ///
    /// - Parameter argument: `I/N`; I counts modulo N, so that 1/3, 2/3, 3/3 and 0/3, 1/3, 2/3 are the same shares.
    package init?(argument: String) {
        let numbers = argument.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
        guard numbers.count == 2, let index = numbers[0], let count = numbers[1], (1...100_000).contains(count),
            (0...count).contains(index)
        else { return nil }
        self.index = index % count
        self.count = count
    }

    /// Whether the share has the picture at this position of the list, from 0.
    package func contains(_ position: Int) -> Bool { position % count == index }

    /// Part of the names of the share's files: `1-of-3`.
    package var name: String { "\(index == 0 ? count : index)-of-\(count)" }
}
