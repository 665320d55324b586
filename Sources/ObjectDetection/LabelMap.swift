/// A model's class names, by class id.
package struct LabelMap: Hashable, Sendable {
    /// Names in class id order; ids start at 0 and have no gaps.
    package let names: [String]

    /// Creates a map from names in class id order.
    package init(_ names: [String]) {
        self.names = names
    }

    /// Number of classes.
    package var count: Int { names.count }

    /// The name of a class, or a placeholder such as `class 7` for an unknown id.
    package subscript(classID: Int) -> String {
        names.indices.contains(classID) ? names[classID] : "class \(classID)"
    }

    /// Returns the id of the class with a name, or nil if there is none.
    ///
    /// Names are compared case-insensitively.
    package func classID(named name: String) -> Int? {
        let wanted = name.lowercased()
        return names.firstIndex { $0.lowercased() == wanted }
    }
}
