public import ObjectDetection

/// What people marked in the pictures of a dataset.
public struct GroundTruth: Sendable {
    /// A kind of object.
    public struct Category: Hashable, Sendable {
        /// The dataset's own number for it; COCO's 80 categories have numbers up to 90.
        public var id: Int
        /// What it is called.
        public var name: String

        /// Makes a category.
        public init(id: Int, name: String) {
            self.id = id
            self.name = name
        }
    }

    /// A picture and the objects in it.
    public struct Image: Sendable {
        /// The dataset's own number for it.
        public var id: Int
        /// Name of its file, which may lie in a folder.
        public var fileName: String
        /// Width in pixels.
        public var width: Int
        /// Height in pixels.
        public var height: Int
        /// What is in it; the order decides where a detection fits two objects equally well.
        public var objects: [Object]

        /// Makes a picture.
        public init(id: Int, fileName: String, width: Int, height: Int, objects: [Object] = []) {
            self.id = id
            self.fileName = fileName
            self.width = width
            self.height = height
            self.objects = objects
        }
    }

    /// One object, or a crowd of them that nobody told apart.
    public struct Object: Hashable, Sendable {
        /// The id of its ``Category``.
        public var categoryID: Int
        /// The box around it, in pixels of the picture.
        public var box: COCOBox
        /// Area in pixels, which says whether it is small, medium or large: that of its outline where it has one.
        public var area: Double
        /// Whether it stands for a crowd: detections in it count neither as found nor as wrong.
        public var isCrowd: Bool
        /// Its outline, where the dataset has one.
        public var segmentation: Segmentation?

        /// Makes an object.
        public init(
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

    /// The pixels of an object as the dataset's file has them; a mask for each would take much more memory.
    public enum Segmentation: Hashable, Sendable {
        /// `[x0, y0, x1, y1, …]` each, in pixels; the object is all of them together.
        case polygons([[Double]])
        /// COCO's run-length form.
        case runs(RunLengthMask)

        /// The object's pixels in a picture of the given size.
        func mask(width: Int, height: Int) -> RunLengthMask {
            switch self {
            case .polygons(let polygons): RunLengthMask(width: width, height: height, polygons: polygons)
            case .runs(let mask): mask
            }
        }
    }

    /// The categories in the order of their ids.
    public let categories: [Category]
    /// The pictures in the order of their ids, those without objects too.
    public let images: [Image]

    /// Makes ground truth from its parts, in any order.
    ///
    /// - Precondition: No two categories and no two pictures have the same id, and every object's category is there.
    public init(categories: [Category], images: [Image]) {
        self.categories = categories.sorted { $0.id < $1.id }
        self.images = images.sorted { $0.id < $1.id }
        let categoryIDs = Set(categories.map(\.id))
        precondition(categoryIDs.count == categories.count, "two categories have the same id")
        precondition(Set(images.map(\.id)).count == images.count, "two pictures have the same id")
        precondition(
            images.allSatisfy { $0.objects.allSatisfy { categoryIDs.contains($0.categoryID) } },
            "an object is of no category"
        )
    }
}
