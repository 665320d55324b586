/// Background that covers the complete picture.
enum Ground: CaseIterable {
    case plain
    case linearGradient
    case radialGradient
    case stripes
    case checks

    func paint(on painting: Painting, using random: inout SeededRandom) {
        let first = random.color()
        // Two strong colours would leave too few object colours that differ from both.
        let second = first.mixed(with: random.color(), by: random.number(in: 0.2...0.6))
        let size = painting.extent
        switch self {
        case .plain:
            painting.cover(with: .color(first))
        case .linearGradient:
            let direction = Point(degrees: random.number(in: 0...360)) * size.max() / 2
            let stops = [first, second, random.color().mixed(with: first, by: 0.5)].enumerated().map { index, color in
                Paint.Stop(offset: Double(index) / 2, color: color)
            }
            painting.cover(
                with: .linear(from: painting.center - direction, to: painting.center + direction, stops)
            )
        case .radialGradient:
            let center = random.point(in: size)
            let stops = [first, second].enumerated().map { Paint.Stop(offset: Double($0), color: $1) }
            painting.cover(
                with: .radial(center: center, radius: size.max() * random.number(in: 0.4...1), stops)
            )
        case .stripes:
            let colors = random.chance(0.5) ? [first, second] : [first, second, first.mixed(with: second, by: 0.5)]
            let across = Point(degrees: random.number(in: 0...360)) * random.number(in: 10...90)
            painting.cover(with: .stripes(from: painting.center, across: across, colors))
        case .checks:
            painting.cover(with: .color(first))
            painting.fill(Self.checks(over: size, using: &random), with: .color(second))
        }
    }

    /// Returns every second cell of a grid; cells are about twice as long as wide, so that none is a square.
    private static func checks(over size: Point, using random: inout SeededRandom) -> Figure {
        let width = random.number(in: 7...24)
        let cell = Point(width * random.number(in: 1.9...2.6), width)
        let reach = size.length / 2
        let columns = Int(reach / cell.x) + 1
        let rows = Int(reach / cell.y) + 1
        var figure = Figure()
        for row in -rows...rows {
            for column in -columns...columns where (row + column).isMultiple(of: 2) {
                let corner = Point(Double(column), Double(row)) * cell
                figure.polygons.append([
                    corner, corner + Point(cell.x, 0), corner + cell, corner + Point(0, cell.y),
                ])
            }
        }
        return figure.rotated(degrees: random.number(in: 0...360)).moved(by: size / 2)
    }
}

extension SeededRandom {
    /// Returns a random point of the rectangle from the origin to `size`.
    mutating func point(in size: Point) -> Point {
        let x = number(in: 0...size.x)
        return Point(x, number(in: 0...size.y))
    }
}
