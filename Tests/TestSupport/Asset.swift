import Foundation

/// A file or folder that tests use but that is not part of the sources: `make assets` or a mirror provides it.
package enum Asset: Sendable {
    /// A model, by file name.
    case model(String)
    /// Results of a reference implementation, by file name.
    case golden(String)
    /// The pictures of COCO128 as in COCO, which the expected values are based on; the release's zip has smaller ones.
    case coco128

    private static let checkout = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    private static let environment = ProcessInfo.processInfo.environment
    private static let mirror = URL(
        filePath: environment["OSPREY_ASSETS_MIRROR"] ?? "../shared/assets",
        directoryHint: .isDirectory,
        relativeTo: checkout
    )

    /// Expected path, whether the asset exists or not.
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

    /// Name of the asset in messages.
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

    /// Returns whether to run a test that needs these assets.
    ///
    /// With `OSPREY_TEST_ASSETS=required` in the environment, a test with missing assets runs too, so that it fails
    /// instead of being skipped.
    package static func mayUse(_ needed: [Asset]) -> Bool {
        environment["OSPREY_TEST_ASSETS"] == "required" || needed.allSatisfy(\.isThere)
    }

    /// Path of the demo's model, which is part of the sources.
    package static let demoModel = checkout.appending(path: "Demo/models/shapes.pt").path
    /// Path of the demo's first picture, which is part of the sources.
    package static let demoPicture = checkout.appending(path: "Demo/data/shapes/images/000000000001.jpg").path
}
