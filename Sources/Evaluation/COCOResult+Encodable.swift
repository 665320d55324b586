extension COCOResult: Encodable {
    /// Encodes `kind`, each figure under its ``Figure/name``, and the list `classes`.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(kind, forKey: "kind")
        for figure in figures {
            try container.encode(figure.value, forKey: Key(stringValue: figure.name))
        }
        try container.encode(categories, forKey: "classes")
    }

    /// A coding key with an arbitrary name.
    private struct Key: CodingKey, ExpressibleByStringLiteral {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init(stringLiteral value: String) { stringValue = value }
        init?(intValue: Int) { nil }
    }
}

extension COCOResult.Figure {
    /// Short name such as `ap`, `ap50`, `ap_small`, `ar_10` or `ar_large`; unique among the twelve figures.
    package var name: String {
        let metric = metric == .averagePrecision ? "ap" : "ar"
        if let iouThreshold { return "\(metric)\(Int((iouThreshold * 100).rounded()))" }
        if size != .all { return "\(metric)_\(size)" }
        return metric == "ar" ? "\(metric)_\(maximumDetections)" : metric
    }
}

extension COCOResult.CategoryFigures: Encodable {
    private enum CodingKeys: String, CodingKey {
        case name = "class"
        case objectCount = "objects"
        case averagePrecision = "ap"
        case averagePrecision50 = "ap50"
        case confidence
        case precision
        case recall
    }

    /// Encodes all members; missing values become null.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(objectCount, forKey: .objectCount)
        try container.encode(averagePrecision, forKey: .averagePrecision)
        try container.encode(averagePrecision50, forKey: .averagePrecision50)
        try container.encode(best?.confidence, forKey: .confidence)
        try container.encode(best?.precision, forKey: .precision)
        try container.encode(best?.recall, forKey: .recall)
    }
}
