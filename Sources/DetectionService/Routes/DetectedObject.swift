package import ObjectDetection

/// One object as answers and results write it, and results are read again.
package struct DetectedObject: Decodable, Sendable {
    package struct Box: Decodable, Sendable {
        /// Left and top.
        package var origin: [Double]
        /// Width and height.
        package var size: [Double]
    }

    /// The object's pixels in one of their forms.
    package struct Segmentation: Decodable, Sendable {
        package struct RunLengths: Decodable, Sendable {
            package var counts: String
            /// Height and width of the picture.
            package var size: [Int]
        }

        package var polygons: [[Double]]?
        package var rle: RunLengths?
    }

    enum CodingKeys: String, CodingKey {
        case className = "class"
        case classID = "class_id"
        case score
        case box = "bbox"
        case segmentation
    }

    package var className: String
    package var classID: Int
    package var score: Double
    /// In pixels, from the picture's top left corner.
    package var box: Box
    package var segmentation: Segmentation?

    /// Rounds to thousandths of a pixel, and five digits of the score.
    ///
    /// - Parameters:
    ///   - detection: What was found.
    ///   - label: The name of its class.
    ///   - masks: The form of its mask, if it has one.
    ///   - tolerance: How far simplified polygons may be off, in pixels.
    package init(_ detection: Detection, label: String, masks: MaskForm, tolerance: Double) {
        let box = detection.box
        className = label
        classID = detection.classID
        score = Self.rounded(detection.score, digits: 1e5)
        self.box = Box(
            origin: [box.minX, box.minY].map { Self.rounded($0, digits: 1e3) },
            size: [box.width, box.height].map { Self.rounded($0, digits: 1e3) }
        )
        guard let mask = detection.mask else { return }
        switch masks {
        case .polygon: segmentation = Segmentation(polygons: mask.polygons(tolerance: tolerance))
        case .rle:
            let runLengths = Segmentation.RunLengths(
                counts: mask.runLengths.compressedCounts,
                size: [mask.imageHeight, mask.imageWidth]
            )
            segmentation = Segmentation(rle: runLengths)
        case .none: break
        }
    }

    /// Whether lists have as many numbers as they must, where they were read.
    package var isWhole: Bool {
        box.origin.count == 2 && box.size.count == 2 && segmentation?.rle?.size.count ?? 2 == 2
            && (segmentation?.polygons ?? []).allSatisfy { $0.count.isMultiple(of: 2) }
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.key("bbox")
            json.object { json in
                json.key("origin")
                json.array(box.origin)
                json.key("size")
                json.array(box.size)
            }
            json.key("class")
            json.string(className)
            json.key("class_id")
            json.number(classID)
            json.key("score")
            json.number(score)
            if let segmentation {
                json.key("segmentation")
                segmentation.write(to: &json)
            }
        }
    }

    /// A `Float` written as a `Double` would show digits that mean nothing.
    private static func rounded(_ value: Float, digits: Double) -> Double {
        (Double(value) * digits).rounded() / digits
    }
}

extension DetectedObject.Segmentation {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            if let polygons {
                json.key("polygons")
                json.array { json in
                    for polygon in polygons { json.array(polygon) }
                }
            }
            if let rle {
                json.key("rle")
                rle.write(to: &json)
            }
        }
    }
}

extension DetectedObject.Segmentation.RunLengths {
    /// Writes the object that COCO's annotations have too.
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.key("counts")
            json.string(counts)
            json.key("size")
            json.array(size.map(Double.init))
        }
    }
}
