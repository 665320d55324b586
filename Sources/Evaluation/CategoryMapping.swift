/// Maps a model's classes to the categories of the ground truth.
package struct CategoryMapping: Hashable, Sendable {
    /// Category ids by class id; nil for a class without a category in the ground truth.
    package let categoryIDs: [Int?]
    /// Classes that were paired with a category of a different name because of their position in id order.
    ///
    /// Warn about them: only the order suggests that they are the same.
    package let renamedClasses: [RenamedClass]

    /// A class and the category of a different name that it was paired with.
    package struct RenamedClass: Hashable, Sendable {
        /// Name of the class in the model.
        package var label: String
        /// Name of the category in the ground truth.
        package var category: String
    }

    /// Pairs classes with categories by name, and the rest by id order if there are as many classes as categories.
    ///
    /// Names are compared case-insensitively. Categories without objects may stay unpaired.
    /// - Parameters:
    ///   - labels: The model's class names, in class id order.
    ///   - groundTruth: Ground truth that the model is evaluated on.
    /// - Throws: ``EvaluationError`` with ``EvaluationError/Code/mismatch``, naming the categories for which the model
    ///   has no class.
    package init(labels: [String], groundTruth: GroundTruth) throws(EvaluationError) {
        let categories = groundTruth.categories
        var categoryIDs = [Int?](repeating: nil, count: labels.count)
        var unnamed: [GroundTruth.Category] = []
        let names = labels.map { $0.lowercased() }
        for category in categories {
            let name = category.name.lowercased()
            if let classID = names.indices.first(where: { categoryIDs[$0] == nil && names[$0] == name }) {
                categoryIDs[classID] = category.id
            } else {
                unnamed.append(category)
            }
        }
        var renamedClasses: [RenamedClass] = []
        if labels.count == categories.count {
            let spare = labels.indices.filter { categoryIDs[$0] == nil }
            for (classID, category) in zip(spare, unnamed) {
                categoryIDs[classID] = category.id
                renamedClasses.append(RenamedClass(label: labels[classID], category: category.name))
            }
        } else {
            let inUse = Set(groundTruth.images.lazy.flatMap(\.objects).map(\.categoryID))
            let missing = unnamed.filter { inUse.contains($0.id) }.map(\.name)
            guard missing.isEmpty else {
                throw EvaluationError(
                    .mismatch,
                    "the model has no class for \(missing.joined(separator: ", ")): "
                        + "it has \(labels.count) classes, the ground truth \(categories.count) categories"
                )
            }
        }
        self.categoryIDs = categoryIDs
        self.renamedClasses = renamedClasses
    }

    /// The category id of a class, or nil if the ground truth has no such category.
    package subscript(classID: Int) -> Int? {
        categoryIDs.indices.contains(classID) ? categoryIDs[classID] : nil
    }
}
