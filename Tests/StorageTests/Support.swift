import Basics
import Foundation
import Storage
import TestSupport
import Testing

extension TemporaryDirectory {
    /// Returns the paths, relative to this directory, of all files below one of its subdirectories.
    func files(in directory: String) -> [String] {
        let files = FileManager.default.enumerator(atPath: "\(path)/\(directory)")?.compactMap { $0 as? String } ?? []
        return files.map { "\(directory)/\($0)" }.filter {
            var isDirectory: ObjCBool = false
            return FileManager.default.fileExists(atPath: "\(path)/\($0)", isDirectory: &isDirectory)
                && !isDirectory.boolValue
        }
    }
}

extension ImageID {
    /// Returns the COCO id with a number.
    static func coco(_ number: Int) throws -> ImageID { try #require(ImageID(String(number))) }
}

extension StoredImage {
    /// Returns a picture with bytes that depend on the seed; an upload if no id is given.
    static func sample(_ id: ImageID? = nil, seed: Int, count: Int = 100) -> StoredImage {
        var generator = SeededGenerator(seed: UInt64(seed))
        let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let created = Date(timeIntervalSince1970: 1_700_000_000)
        return StoredImage(id: id, bytes: bytes, format: "jpeg", width: 640, height: 480, created: created)
    }

    /// Whether the bytes match the metadata's SHA-256.
    var isWhole: Bool {
        StoredImage(id: metadata.id, bytes: bytes, format: "", width: 0, height: 0).metadata.sha256 == metadata.sha256
    }
}

/// Runs the body on `count` threads at the same time and waits for all of them.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let group = DispatchGroup()
    for index in 0..<count {
        group.enter()
        Thread {
            body(index)
            group.leave()
        }.start()
    }
    group.wait()
}

/// Checks that a store, which must be empty, keeps documents; `again` opens it once more.
func checkDocuments(_ store: any ImageStore, again: (() throws -> any ImageStore)?) throws {
    let (front, back) = (try #require(DocumentName("front")), try #require(DocumentName("back.2")))
    #expect(try store.documentNames(of: .zones).isEmpty)
    #expect(try store.document(of: .zones, named: front) == nil)
    #expect(try !store.deleteDocument(of: .zones, named: front))
    #expect(try store.store(document: [1], of: .zones, named: front))
    #expect(try !store.store(document: [2, 3], of: .zones, named: front), "it is not new the second time")
    #expect(try store.store(document: [], of: .zones, named: back))
    var other = store
    if let again { other = try again() }
    #expect(try other.documentNames(of: .zones) == [back, front])
    #expect(try other.document(of: .zones, named: front) == [2, 3])
    #expect(try other.document(of: .zones, named: back) == [])
    #expect(try other.deleteDocument(of: .zones, named: front))
    #expect(try other.documentNames(of: .zones) == [back])
    for number in 1..<DocumentKind.maximumCount {
        try other.store(document: [0], of: .zones, named: #require(DocumentName("\(number)")))
    }
    let error = #expect(throws: StorageError.self) { try other.store(document: [0], of: .zones, named: front) }
    #expect(error?.code == .full)
    #expect(try !other.store(document: [9], of: .zones, named: back), "replacing is possible")
    for name in try other.documentNames(of: .zones) { try other.deleteDocument(of: .zones, named: name) }
}
