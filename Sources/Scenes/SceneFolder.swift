import FoundationEssentials

/// A folder of scenes of one seed in COCO's form: `images/000000000001.jpg` … and `annotations/instances.json`.
///
/// A scene's id is its number in the seed's series.
public struct SceneFolder: Sendable {
    /// A scene whose picture was saved, for the annotations.
    public struct Entry: Sendable {
        fileprivate let image: InstancesFile.Image
        fileprivate let annotations: [InstancesFile.Annotation]
    }

    /// Version of the library that draws here; another one may draw a pixel differently.
    public static let cairoVersion = InstancesFile.Info.cairoVersion

    private let directory: URL
    private let seed: UInt64

    /// Makes the folder.
    ///
    /// - Parameters:
    ///   - path: A folder that is empty, or none.
    ///   - seed: Names the series of scenes.
    /// - Throws: ``SceneError`` with ``SceneError/Code/notEmpty``, or ``SceneError/Code/writingFailed``.
    public init(creating path: String, seed: UInt64) throws(SceneError) {
        directory = URL(filePath: path)
        self.seed = seed
        do {
            let files = FileManager.default
            if files.fileExists(atPath: path), try !files.contentsOfDirectory(atPath: path).isEmpty {
                throw SceneError(.notEmpty, "\(path) is not empty: name a new folder, or remove it first.")
            }
            for name in ["images", "annotations"] {
                try files.createDirectory(at: directory.appending(path: name), withIntermediateDirectories: true)
            }
        } catch let error as SceneError {
            throw error
        } catch {
            throw SceneError(.writingFailed, "\(path) cannot be made, or is not a folder.", cause: error)
        }
    }

    /// Makes a scene and saves its picture; from any thread, in any order.
    ///
    /// - Parameter id: Its id, at least 1.
    /// - Returns: What the annotations are made of.
    /// - Throws: ``SceneError`` with ``SceneError/Code/writingFailed`` or ``SceneError/Code/drawingFailed``.
    public func saveScene(_ id: Int) throws(SceneError) -> Entry {
        let scene = try Scene(seed: seed, number: id)
        // COCO names its pictures by twelve digits.
        let fileName = String(String(1_000_000_000_000 + id).dropFirst()) + ".jpg"
        try write(Data(scene.jpeg()), to: "images/\(fileName)")
        return Entry(
            image: InstancesFile.Image(id: id, fileName: fileName, scene),
            annotations: scene.objects.enumerated().map { place, object in
                InstancesFile.Annotation(imageID: id, place: place, object)
            }
        )
    }

    /// Saves the annotations of scenes, in the order of their ids.
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
            throw SceneError(.writingFailed, "The annotations cannot be written as JSON.", cause: error)
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
