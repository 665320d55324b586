import Imaging
import ObjectDetection
import Scenes
import Testing

@Suite struct SceneTests {
    /// The first scenes of a seed that no dataset uses.
    private static let scenes = Result { try (1...80).map { try Scene(seed: 99, number: $0) } }

    @Test("the same seed and number produce the same scene, even on several threads at once")
    func determinism() async throws {
        let first = try Scene(seed: 5, number: 3)
        let again = try await withThrowingTaskGroup(of: Scene.self) { group in
            for _ in 0..<8 { group.addTask { try Scene(seed: 5, number: 3) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(again.count == 8)
        for scene in again {
            #expect(scene.image.bytes == first.image.bytes)
            #expect(scene.objects == first.objects)
            #expect(try scene.jpeg() == first.jpeg())
        }
    }

    @Test("a different number or seed produces a different scene")
    func variety() throws {
        let first = try Scene(seed: 5, number: 3)
        #expect(try Scene(seed: 5, number: 4).image.bytes != first.image.bytes)
        #expect(try Scene(seed: 6, number: 3).image.bytes != first.image.bytes)
    }

    @Test("sizes, aspect ratios and qualities of pictures are in the documented ranges and vary")
    func pictures() throws {
        let scenes = try Self.scenes.get()
        for scene in scenes {
            let sides = [scene.image.width, scene.image.height].sorted()
            #expect((240...640).contains(sides[1]))
            #expect(sides[0] * 2 >= sides[1])
            #expect((40...95).contains(scene.quality))
            #expect((1...12).contains(scene.objects.count))
        }
        #expect(scenes.contains { $0.image.width * 5 < $0.image.height * 4 })
        #expect(scenes.contains { $0.image.height * 5 < $0.image.width * 4 })
        #expect(Set(scenes.map(\.objects.count)).count == 12)
        #expect(Set(scenes.map(\.quality)).count > 30)
    }

    @Test("all kinds occur about equally often")
    func kinds() throws {
        let kinds = try Self.scenes.get().flatMap { $0.objects.map(\.kind) }
        for kind in ShapeKind.allCases {
            // About 500 objects; the standard deviation of the binomial distribution is 7.
            let share = Double(kinds.count { $0 == kind }) / Double(kinds.count)
            #expect((0.07...0.19).contains(share), "\(kind): \(share)")
        }
    }

    @Test("no pixel belongs to two objects")
    func overlap() throws {
        for scene in try Self.scenes.get() {
            var owners = [Int](repeating: 0, count: scene.image.width * scene.image.height)
            for object in scene.objects {
                object.forEachPixel { x, y in owners[y * scene.image.width + x] += 1 }
            }
            #expect(owners.allSatisfy { $0 <= 1 })
        }
    }

    @Test("the region of a mask is its tight bounding box and has a documented size")
    func boxes() throws {
        var longest = 0
        for scene in try Self.scenes.get() {
            for object in scene.objects {
                let mask = object.mask
                var (columns, rows): (Set<Int>, Set<Int>) = ([], [])
                object.forEachPixel { x, y in
                    columns.insert(x)
                    rows.insert(y)
                }
                #expect(columns.min() == mask.x && columns.max() == mask.x + mask.width - 1)
                #expect(rows.min() == mask.y && rows.max() == mask.y + mask.height - 1)
                #expect(mask.imageWidth == scene.image.width && mask.imageHeight == scene.image.height)
                #expect(min(mask.width, mask.height) >= 8)
                #expect(max(mask.width, mask.height) <= 300)
                longest = max(longest, mask.width, mask.height)
            }
        }
        #expect(longest > 200)
    }

    @Test("later objects hide parts of earlier ones, but never most of a square")
    func hiding() throws {
        var hidden = 0
        for scene in try Self.scenes.get() {
            for object in scene.objects where object.kind == .square {
                // A square's visible pixels are at least 55 % of it, and it fills at least half of its box.
                let share = Double(object.mask.area) / Double(object.mask.width * object.mask.height)
                #expect(share > 0.27)
                if share < 0.45 { hidden += 1 }
            }
        }
        #expect(hidden > 0)
    }

    @Test("an object's colour differs from its surroundings")
    func contrast() throws {
        for (index, scene) in try Self.scenes.get().enumerated() {
            for object in scene.objects {
                let (inside, outside) = scene.colors(at: object)
                let mean = Color.mean(of: inside)
                let place = "\(object.kind) at \(object.mask.x), \(object.mask.y) of \(index + 1)"
                // For greys, 60 means 20 levels: four times what is visible, and more than the noise's standard
                // deviation.
                #expect(mean.difference(from: Color.mean(of: outside)) > 60, "\(place)")
                let alike = outside.count { mean.difference(from: $0) < 60 }
                #expect(alike * 5 < outside.count, "\(place)")
            }
        }
    }
}

extension SceneObject {
    fileprivate func forEachPixel(_ body: (_ x: Int, _ y: Int) -> Void) {
        for (index, pixel) in mask.pixels.enumerated() where pixel != 0 {
            body(mask.x + index % mask.width, mask.y + index / mask.width)
        }
    }
}

extension Scene {
    /// Returns the colours of an object, and of the pixels up to three pixels away from it.
    fileprivate func colors(at object: SceneObject) -> (inside: [Color], outside: [Color]) {
        var distance: [Int: Int] = [:]
        object.forEachPixel { x, y in distance[y * image.width + x] = 0 }
        let inside = Set(distance.keys)
        var outside: Set<Int> = []
        object.forEachPixel { x, y in
            for (dx, dy) in [(-3, 0), (3, 0), (0, -3), (0, 3), (-2, -2), (2, -2), (-2, 2), (2, 2)] {
                guard (0..<image.width).contains(x + dx), (0..<image.height).contains(y + dy) else { continue }
                let place = (y + dy) * image.width + x + dx
                if !inside.contains(place) { outside.insert(place) }
            }
        }
        return image.withUnsafePixels { pixels in
            func color(_ place: Int) -> Color {
                Color(
                    red: Int(pixels[3 * place]),
                    green: Int(pixels[3 * place + 1]),
                    blue: Int(pixels[3 * place + 2])
                )
            }
            return (inside.map(color), outside.map(color))
        }
    }
}

extension RGBImage {
    fileprivate var bytes: [UInt8] { withUnsafePixels { Array($0) } }
}
