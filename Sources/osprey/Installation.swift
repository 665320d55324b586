internal import FoundationEssentials
internal import Glibc

/// The files that belong to the program.
///
/// A package has them beside the folder of the binary; otherwise they are in the sources, the working directory.
enum Installation {
    /// The folder with `bin`.
    private static let prefix: String? = {
        let binary = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let parts = binary?.split(separator: "/").dropLast(2) ?? []
        return binary.map { _ in "/" + parts.joined(separator: "/") }
    }()

    /// Assets of `/docs` and `/redoc`.
    static var apiPages: String { installed("api-pages") ?? ".deps/api-pages" }
    /// The web page.
    static var webPage: String { installed("web-page") ?? "Public" }
    /// The demo's model and pictures; nil if there is none.
    static var demo: String? {
        installed("demo") ?? (FileManager.default.fileExists(atPath: "Demo/models") ? "Demo" : nil)
    }

    /// Makes fontconfig use the package's own font, so that pictures look the same everywhere.
    ///
    /// To be called before any thread starts.
    static func useOwnFonts() {
        guard let configuration = installed("fonts/fonts.conf") else { return }
        setenv("FONTCONFIG_FILE", configuration, 0)
    }

    private static func installed(_ name: String) -> String? {
        prefix.map { "\($0)/\(name)" }.flatMap { FileManager.default.fileExists(atPath: $0) ? $0 : nil }
    }
}
