import Glibc

extension ShapeKind {
    /// Returns a random figure of the kind, about two units in size, centred on the origin and not rotated.
    package func figure(using random: inout SeededRandom) -> Figure {
        switch self {
        case .circle:
            Figure(Scenes.circle())
        case .triangle:
            .triangle(
                height: random.number(in: 1.5...2.1),
                apex: random.chance(0.6) ? 0 : random.number(in: -0.5...0.5)
            )
        case .square:
            Figure([Point(-1, -1), Point(1, -1), Point(1, 1), Point(-1, 1)])
                .scaled(by: Point(1, random.number(in: 0.95...1.05)))
        case .star:
            random.chance(0.75)
                ? .star(points: 5, depth: random.number(in: 0.36...0.5))
                : .star(points: 6, depth: random.number(in: 0.42...0.55))
        case .cross:
            .cross(thickness: random.number(in: 0.24...0.42))
        case .ring:
            Figure(Scenes.circle(), Scenes.circle(radius: random.number(in: 0.45...0.74)))
        case .heart:
            .heart.scaled(by: Point(1, random.number(in: 0.9...1.12)))
        case .arrow:
            .arrow(
                shaft: random.number(in: 0.13...0.2),
                head: random.number(in: 0.42...0.62),
                headLength: random.number(in: 0.7...1)
            )
        }
    }
}

extension Figure {
    /// A triangle with a base of two units; `apex` is the horizontal position of the apex.
    fileprivate static func triangle(height: Double, apex: Double) -> Figure {
        Figure([Point(apex, -height / 2), Point(1, height / 2), Point(-1, height / 2)])
    }

    /// A star with inner corners at `depth` times the radius of the outer ones.
    fileprivate static func star(points: Int, depth: Double) -> Figure {
        Figure(
            (0..<(2 * points)).map { corner in
                (corner.isMultiple(of: 2) ? 1 : depth) * Point(degrees: 180 * Double(corner) / Double(points) - 90)
            }
        )
    }

    /// A cross of two bars; `thickness` is the thickness of a bar relative to its length.
    fileprivate static func cross(thickness: Double) -> Figure {
        let arm = [Point(-thickness, -1), Point(thickness, -1), Point(thickness, -thickness)]
        return Figure((0..<4).flatMap { Figure(arm).rotated(degrees: Double(90 * $0)).polygons.joined() })
    }

    /// A heart with its tip at the bottom.
    fileprivate static var heart: Figure {
        Figure(
            (0..<120).map { step in
                let t = Double(step) * 2 * .pi / 120
                let x = 16 * sin(t) * sin(t) * sin(t)
                let y = 13 * cos(t) - 5 * cos(2 * t) - 2 * cos(3 * t) - cos(4 * t)
                return Point(x, -y) / 16
            }
        )
    }

    /// An arrow that points right, two units long; `shaft` and `head` are half the widths of these parts.
    fileprivate static func arrow(shaft: Double, head: Double, headLength: Double) -> Figure {
        let neck = 1 - headLength
        let upper = [Point(-1, -shaft), Point(neck, -shaft), Point(neck, -head), Point(1, 0)]
        return Figure(upper + upper.dropLast().reversed().map { Point($0.x, -$0.y) })
    }
}
