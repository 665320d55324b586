internal import ArgumentParser

/// One of several equal shares of a list of pictures, for several machines that work on it together.
package struct Shard: ExpressibleByArgument, Equatable {
    /// In `0..<count`.
    package let index: Int
    /// How many shares there are, at least 1.
    package let count: Int

    /// - Parameter argument: `I/N`; I counts modulo N, so that 1/3, 2/3, 3/3 and 0/3, 1/3, 2/3 are the same shares.
    package init?(argument: String) {
        let numbers = argument.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
        guard numbers.count == 2, let index = numbers[0], let count = numbers[1], (1...100_000).contains(count),
            (0...count).contains(index)
        else { return nil }
        self.index = index % count
        self.count = count
    }

    /// Whether the picture at a place in the list belongs to it.
    package func contains(_ position: Int) -> Bool { position % count == index }

    /// Tells its files from those of the others: `1-of-3`.
    package var name: String { "\(index == 0 ? count : index)-of-\(count)" }
}
