package import Foundation

/// Files in Tests/Fixtures.
package enum Fixtures {
    package static func url(_ name: String) -> URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(components: "Fixtures", name)
    }

    package static func path(_ name: String) -> String { url(name).path }
}
