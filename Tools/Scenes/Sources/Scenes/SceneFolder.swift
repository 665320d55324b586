import FoundationEssentials

/// A folder of scenes from one seed in COCO format: `images/000000000001.jpg` … and `annotations/instances.json`.
///
/// A scene's id is its number in the seed's series.
public struct SceneFolder: Sendable {
    /// Annotations of a scene that has been saved as a picture.
    public struct Entry: Sendable {
        fileprivate let image: InstancesFile.Image
        fileprivate let annotations: [InstancesFile.Annotation]
    }

    /// Version of Cairo that draws the pictures; another version may draw some pixels differently.
    public static let cairoVersion = InstancesFile.Info.cairoVersion

    private let directory: URL
    private let seed: UInt64

    /// Creates the folder.
    ///
    /// - Parameters:
    ///   - path: Path of a new or empty folder.
    ///   - seed: Seed of the series of scenes.
    /// - Throws: ``SceneError`` with ``SceneError/Code/notEmpty``, or with ``SceneError/Code/writingFailed`` if the
    ///   folder cannot be created.
    public init(creating path: String, seed: UInt64) throws(SceneError) {
        directory = URL(filePath: path)
        self.seed = seed
        do {
            let files = FileManager.default
            if files.fileExists(atPath: path), try !files.contentsOfDirectory(atPath: path).isEmpty {
                throw SceneError(.notEmpty, "\(path) is not empty: choose a new folder, or remove this one first.")
            }
            for name in ["images", "annotations"] {
                try files.createDirectory(at: directory.appending(path: name), withIntermediateDirectories: true)
            }
        } catch let error as SceneError {
            throw error
        } catch {
            throw SceneError(.writingFailed, "\(path) cannot be created, or is not a folder.", cause: error)
        }
    }

    /// Generates a scene and saves its picture; can be called on any thread and in any order.
    ///
    /// - Parameter id: Id of the scene, at least 1.
    /// - Returns: Entry for ``saveAnnotations(of:)``.
    /// - Throws: ``SceneError`` with ``SceneError/Code/writingFailed`` or ``SceneError/Code/drawingFailed``.
    public func saveScene(_ id: Int) throws(SceneError) -> Entry {
        let scene = try Scene(seed: seed, number: id)
        // COCO's file names have twelve digits.
        let fileName = String(String(1_000_000_000_000 + id).dropFirst()) + ".jpg"
        try write(Data(scene.jpeg()), to: "images/\(fileName)")
        return Entry(
            image: InstancesFile.Image(id: id, fileName: fileName, scene),
            annotations: scene.objects.enumerated().map { place, object in
                InstancesFile.Annotation(imageID: id, place: place, object)
            }
        )
    }

    /// Saves the annotations of scenes, sorted by id.
    ///
    /// - Throws: ``SceneError`` with ``SceneError/Code/writingFailed``.
    public func saveAnnotations(of entries: [Entry]) throws(SceneError) {
        let entries = entries.sorted { $0.image.id < $1.image.id }
        let file = InstancesFile(
            info: InstancesFile.Info(description: "Scenes of simple objects, seed \(seed)"),
            images: entries.map(\.image),
            annotations: entries.flatMap(\.annotations)
        )
        let data: Data
        do {
            data = try file.encoded()
        } catch {
            throw SceneError(.writingFailed, "The annotations cannot be encoded as JSON.", cause: error)
        }
        try write(data, to: "annotations/instances.json")
    }

    private func write(_ data: Data, to path: String) throws(SceneError) {
        let file = directory.appending(path: path)
        do {
            try data.write(to: file)
        } catch {
            throw SceneError(.writingFailed, "\(file.path()) cannot be written: is the disk full?", cause: error)
        }
    }
}
