package import ObjectDetection

/// The annotated objects of a dataset.
package struct GroundTruth: Sendable {
    /// A category of objects.
    package struct Category: Hashable, Sendable {
        /// Id in the dataset; ids may have gaps: those of COCO's 80 categories go up to 90.
        package var id: Int
        /// Name of the category.
        package var name: String

        package init(id: Int, name: String) {
            self.id = id
            self.name = name
        }
    }

    /// A picture and the objects in it.
    package struct Image: Sendable {
        /// Id in the dataset.
        package var id: Int
        /// File name, possibly with a folder.
        package var fileName: String
        /// Width in pixels.
        package var width: Int
        /// Height in pixels.
        package var height: Int
        /// Objects in the picture; their order breaks ties if a detection overlaps two objects equally.
        package var objects: [Object]

        package init(id: Int, fileName: String, width: Int, height: Int, objects: [Object] = []) {
            self.id = id
            self.fileName = fileName
            self.width = width
            self.height = height
            self.objects = objects
        }
    }

    /// One object, or a crowd annotated as one.
    package struct Object: Hashable, Sendable {
        /// Id of the ``Category``.
        package var categoryID: Int
        /// Bounding box, in pixels of the picture.
        package var box: COCOBox
        /// Area in pixels, of the outline if there is one; determines whether the object is small, medium or large.
        package var area: Double
        /// Whether this is a crowd: detections in it count neither as correct nor as wrong.
        package var isCrowd: Bool
        /// Outline, if the dataset has one.
        package var segmentation: Segmentation?

        package init(
            categoryID: Int,
            box: COCOBox,
            area: Double,
            isCrowd: Bool = false,
            segmentation: Segmentation? = nil
        ) {
            self.categoryID = categoryID
            self.box = box
            self.area = area
            self.isCrowd = isCrowd
            self.segmentation = segmentation
        }
    }

    /// The pixels of an object as stored in the dataset's file.
    ///
    /// A mask per object would take much more memory.
    package enum Segmentation: Hashable, Sendable {
        /// `[x0, y0, x1, y1, …]` each, in pixels; the object is their union.
        case polygons([[Double]])
        /// COCO's run-length encoding.
        case runs(RunLengthMask)

        /// Returns the object's mask in a picture of the given size, in pixels.
        func mask(width: Int, height: Int) -> RunLengthMask {
            switch self {
            case .polygons(let polygons): RunLengthMask(width: width, height: height, polygons: polygons)
            case .runs(let mask): mask
            }
        }
    }

    /// Categories, sorted by id.
    package let categories: [Category]
    /// Pictures, sorted by id, including those without objects.
    package let images: [Image]

    /// Creates ground truth from categories and pictures in any order.
    ///
    /// - Precondition: Category ids and picture ids are unique, and `categories` includes that of every object.
    package init(categories: [Category], images: [Image]) {
        self.categories = categories.sorted { $0.id < $1.id }
        self.images = images.sorted { $0.id < $1.id }
        let categoryIDs = Set(categories.map(\.id))
        precondition(categoryIDs.count == categories.count, "two categories have the same id")
        precondition(Set(images.map(\.id)).count == images.count, "two pictures have the same id")
        precondition(
            images.allSatisfy { $0.objects.allSatisfy { categoryIDs.contains($0.categoryID) } },
            "an object has an unknown category"
        )
    }
}
