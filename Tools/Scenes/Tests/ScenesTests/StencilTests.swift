import Scenes
import Testing

@Suite struct StencilTests {
    @Test("a circle covers the pixels with a centre closer than its radius", arguments: [16, 33, 100, 299.5])
    func circle(side: Double) throws {
        let stencil = try stencil(of: .circle, side: side, seed: 1)
        for y in 0..<400 {
            for x in 0..<400 {
                let offset = Point(Double(x) + 0.5, Double(y) + 0.5) - 200
                let distance = (offset * offset).sum().squareRoot()
                // Cairo's coordinates have a resolution of 1/256 pixel, and the circle is a polygon.
                guard abs(distance - side / 2) > 0.1 else { continue }
                #expect(stencil.covers(x: x, y: y) == (distance < side / 2))
            }
        }
        let area = Double.pi * side * side / 4
        #expect(abs(Double(stencil.area) / area - 1) < 0.04, "\(stencil.area) for \(area)")
    }

    @Test("a ring has a hole in its centre, a circle does not")
    func hole() throws {
        for seed in 0..<20 as Range<UInt64> {
            let ring = try stencil(of: .ring, side: 60, seed: seed)
            #expect(!ring.covers(x: 200, y: 200))
            #expect(ring.covers(x: 200, y: 172))
            #expect(ring.covers(x: 228, y: 200))
            #expect(try stencil(of: .circle, side: 60, seed: seed).covers(x: 200, y: 200))
        }
    }

    @Test("the outline belongs to the object, and half of its width is outside the figure")
    func outline() throws {
        let square = Figure([Point(10, 10), Point(20, 10), Point(20, 20), Point(10, 20)])
        #expect(try Stencil(square, outlineWidth: 0, in: (40, 40)).area == 100)
        let outlined = try Stencil(square, outlineWidth: 2, in: (40, 40))
        #expect([outlined.x, outlined.y, outlined.width, outlined.height] == [9, 9, 12, 12])
        #expect(outlined.covers(x: 9, y: 15))
        #expect(outlined.covers(x: 20, y: 15))
        #expect(!outlined.covers(x: 21, y: 15))
    }

    @Test("a pixel belongs to a figure that contains its centre")
    func pixelCenters() throws {
        let figure = Figure([Point(2.4, 0), Point(5.6, 0), Point(5.6, 3), Point(2.4, 3)])
        let stencil = try Stencil(figure, outlineWidth: 0, in: (8, 3))
        #expect((0..<8).map { stencil.covers(x: $0, y: 1) } == [false, false, true, true, true, true, false, false])
    }

    @Test("pixels outside the picture are left out")
    func clipped() throws {
        let square = Figure([Point(-5, -5), Point(5, -5), Point(5, 5), Point(-5, 5)])
        let stencil = try Stencil(square, outlineWidth: 0, in: (8, 8))
        #expect(stencil.area == 25)
        #expect([stencil.x, stencil.y, stencil.width, stencil.height] == [0, 0, 5, 5])
        #expect(try Stencil(square, outlineWidth: 0, in: (8, 8)).covers(x: -1, y: 0) == false)
    }

    @Test("the longest side of every kind has the requested length at any rotation", arguments: ShapeKind.allCases)
    func side(kind: ShapeKind) throws {
        for seed in 0..<30 as Range<UInt64> {
            let side = 17 + Double(seed) * 9.5
            let stencil = try stencil(of: kind, side: side, seed: seed)
            var (columns, rows): (Set<Int>, Set<Int>) = ([], [])
            stencil.forEachPixel { x, y in
                columns.insert(x)
                rows.insert(y)
            }
            // At either end, a thin tip may not reach the centre of its last pixel.
            let longest = Double(max(columns.count, rows.count))
            #expect((side - 5...side + 1).contains(longest), "\(kind), seed \(seed): \(longest) for \(side)")
        }
    }

    /// Returns the stencil of a kind's figure in the centre of 400 x 400 pixels.
    private func stencil(of kind: ShapeKind, side: Double, seed: UInt64) throws -> Stencil {
        var random = SeededRandom(state: seed)
        let figure = kind.figure(using: &random)
            .rotated(degrees: Double(seed) * 37)
            .fitted(to: side, around: Point(200, 200))
        return try Stencil(figure, outlineWidth: 0, in: (400, 400))
    }
}
