/// Fill and outline of an object.
struct Look {
    private enum Style: CaseIterable {
        case plain
        case linearGradient
        case radialGradient
        case stripes
    }

    /// Minimum difference between the colours of an outline and of the fill.
    private static let leastDifference = 140.0

    private let style: Style
    private let first: Color
    private let second: Color
    private let direction: Point
    /// Centre of a radial gradient, relative to the object's centre, in units of half its sides.
    private let center: Point
    private let stripeWidth: Double
    /// Colour of the outline; nil for none.
    private let outline: Color?

    init(isOutlined: Bool, using random: inout SeededRandom) {
        style = random.chance(0.4) ? .plain : random.element(of: Style.allCases)
        first = random.paintColor()
        let other = random.chance(0.4) ? random.paintColor() : Color(grey: random.chance(0.5) ? 0 : 255)
        second = style == .plain ? first : first.mixed(with: other, by: random.number(in: 0.2...0.5))
        direction = Point(degrees: random.number(in: 0...360))
        center = random.point(in: Point(0.6, 0.6)) - 0.3
        stripeWidth = random.number(in: 5...24)
        if isOutlined {
            outline = random.chance(0.5) ? Color(grey: random.element(of: [8, 30, 225, 250])) : random.paintColor()
        } else {
            outline = nil
        }
    }

    /// Returns whether the colours stand out from the surroundings, and the outline from the fill.
    func isClear(in surroundings: Surroundings) -> Bool {
        if let outline {
            guard outline.difference(from: first) > Self.leastDifference,
                outline.difference(from: second) > Self.leastDifference,
                surroundings.differ(from: outline)
            else { return false }
        }
        return surroundings.differ(from: first) && (second == first || surroundings.differ(from: second))
    }

    func paint(_ object: PlacedFigure, on painting: Painting) {
        painting.fill(object.figure, with: paint(over: object.figure))
        if let outline { painting.stroke(object.figure, width: object.outlineWidth, color: outline) }
    }

    private func paint(over figure: Figure) -> Paint {
        let (minimum, maximum) = figure.bounds
        let (middle, half) = ((minimum + maximum) / 2, (maximum - minimum) / 2)
        let stops = [Paint.Stop(offset: 0, color: first), Paint.Stop(offset: 1, color: second)]
        switch style {
        case .plain:
            return .color(first)
        case .linearGradient:
            let reach = direction * half.max()
            return .linear(from: middle - reach, to: middle + reach, stops)
        case .radialGradient:
            return .radial(center: middle + center * half, radius: half.length, stops)
        case .stripes:
            return .stripes(from: middle, across: direction * stripeWidth, [first, second])
        }
    }
}
