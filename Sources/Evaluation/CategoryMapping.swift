/// Which category of the ground truth each of a model's classes is.
public struct CategoryMapping: Hashable, Sendable {
    /// Categories' ids by class id; nil for a class that the ground truth knows nothing of.
    public let categoryIDs: [Int?]
    /// Classes that were taken for a category of another name because they are at its place in the order of the ids.
    ///
    /// Worth a warning: nothing but the order says that they are the same.
    public let renamedClasses: [RenamedClass]

    /// A class and the category that it was taken for.
    public struct RenamedClass: Hashable, Sendable {
        /// The class's name in the model.
        public var label: String
        /// The category's name in the ground truth.
        public var category: String
    }

    /// Pairs classes with categories by their names, and what is left by its order where there are as many of both.
    ///
    /// Upper and lower case count as the same. Categories without objects may stay alone.
    /// - Parameters:
    ///   - labels: The model's class names in the order of the class ids.
    ///   - groundTruth: What the model is to be measured with.
    /// - Throws: ``EvaluationError`` with ``EvaluationError/Code/mismatch``, which names the categories that the
    ///   model cannot find.
    public init(labels: [String], groundTruth: GroundTruth) throws(EvaluationError) {
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
                        + "its \(labels.count) classes are not the \(categories.count) of the ground truth"
                )
            }
        }
        self.categoryIDs = categoryIDs
        self.renamedClasses = renamedClasses
    }

    /// The id of the category that a class is, or nil where the ground truth knows nothing of it.
    public subscript(classID: Int) -> Int? {
        categoryIDs.indices.contains(classID) ? categoryIDs[classID] : nil
    }
}
