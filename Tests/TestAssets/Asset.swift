import Foundation

/// A file or folder that tests use and that the sources do not have: `make assets` or a mirror brings it.
package enum Asset: Sendable {
    /// A model, by its file's name.
    case model(String)
    /// Answers of a reference implementation, by their file's name.
    case golden(String)
    /// COCO128's pictures, as COCO has them: the numbers were made with these, and the release's zip has smaller ones.
    case coco128

    private static let checkout = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    private static let environment = ProcessInfo.processInfo.environment
    private static let mirror = URL(
        filePath: environment["OSPREY_ASSETS_MIRROR"] ?? "../shared/assets",
        directoryHint: .isDirectory,
        relativeTo: checkout
    )

    /// Where it is, or would be.
    package var path: String {
        switch self {
        case .model(let name):
            let own = Self.checkout.appending(path: "models/\(name)").path
            return FileManager.default.fileExists(atPath: own)
                ? own : Self.mirror.appending(path: "models/\(name)").path
        case .golden(let name): return Self.mirror.appending(path: "golden/\(name)").path
        case .coco128: return Self.checkout.appending(path: "data/coco128/images/train2017").path
        }
    }

    /// What it is called in messages.
    var description: String {
        switch self {
        case .model(let name), .golden(let name): name
        case .coco128: "COCO128"
        }
    }

    private var isThere: Bool {
        guard case .coco128 = self else { return FileManager.default.fileExists(atPath: path) }
        let attributes = try? FileManager.default.attributesOfItem(atPath: "\(path)/000000000144.jpg")
        return attributes?[.size] as? Int == 225_663
    }

    /// Whether a test that needs them is to run: also where some are missing and the environment says that none may be
    /// (`OSPREY_TEST_ASSETS=required`), so that it fails instead of being skipped.
    package static func mayUse(_ needed: [Asset]) -> Bool {
        environment["OSPREY_TEST_ASSETS"] == "required" || needed.allSatisfy(\.isThere)
    }

    /// The model of the demo, which is part of the sources.
    package static let demoModel = checkout.appending(path: "Demo/models/shapes.pt").path
    /// The first picture of the demo, likewise.
    package static let demoPicture = checkout.appending(path: "Demo/data/shapes/images/000000000001.jpg").path
}
