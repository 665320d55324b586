/// The names of a model's classes, by class id.
public struct LabelMap: Hashable, Sendable {
    /// Names in the order of the class ids, which run from 0 without gaps.
    public let names: [String]

    /// Makes a map from names in the order of their class ids.
    public init(_ names: [String]) {
        self.names = names
    }

    /// Number of classes.
    public var count: Int { names.count }

    /// The name of a class; `class 7` for an id that has none.
    public subscript(classID: Int) -> String {
        names.indices.contains(classID) ? names[classID] : "class \(classID)"
    }

    /// The class id of a name, or nil where no class is called so.
    ///
    /// Upper and lower case count as the same.
    public func classID(named name: String) -> Int? {
        let wanted = name.lowercased()
        return names.firstIndex { $0.lowercased() == wanted }
    }
}
