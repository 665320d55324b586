package import ObjectDetection

/// Estimates where a box is and how it moves, from a measurement at each step.
///
/// A Kalman filter with constant velocities of the centre, the aspect ratio and the height. Its noise is independent in
/// each of them, so it is four filters of two values. Deviations are shares of the height.
/// - SeeAlso: ByteTrack, `yolox/tracker/kalman_filter.py`.
package struct BoxMotion: Sendable {
    private static let positionShare = 1.0 / 20
    private static let velocityShare = 1.0 / 160

    private var centerX: Axis
    private var centerY: Axis
    private var aspect: Axis
    private var height: Axis

    /// Starts at a box, at rest.
    package init(_ box: BoundingBox) {
        let measured = Measurement(box)
        let position = 2 * Self.positionShare * measured.height
        let velocity = 10 * Self.velocityShare * measured.height
        centerX = Axis(measured.centerX, deviation: position, velocityDeviation: velocity)
        centerY = Axis(measured.centerY, deviation: position, velocityDeviation: velocity)
        aspect = Axis(measured.aspect, deviation: 1e-2, velocityDeviation: 1e-5)
        height = Axis(measured.height, deviation: position, velocityDeviation: velocity)
    }

    /// The estimated box.
    package var box: BoundingBox {
        BoundingBox(
            centerX: Float(centerX.value),
            centerY: Float(centerY.value),
            width: Float(aspect.value * height.value),
            height: Float(height.value)
        )
    }

    /// The velocity of the centre in pixels per step.
    package var velocity: (x: Double, y: Double) { (centerX.velocity, centerY.velocity) }

    /// Moves on.
    ///
    /// - Parameters:
    ///   - steps: How many pictures later, which need not be a whole number.
    ///   - isSeen: Whether the box was measured in the last picture; if not, its height stays.
    package mutating func predict(steps: Double, isSeen: Bool) {
        if !isSeen { height.velocity = 0 }
        let position = Self.positionShare * height.value
        let velocity = Self.velocityShare * height.value
        centerX.predict(steps, deviation: position, velocityDeviation: velocity)
        centerY.predict(steps, deviation: position, velocityDeviation: velocity)
        aspect.predict(steps, deviation: 1e-2, velocityDeviation: 1e-5)
        height.predict(steps, deviation: position, velocityDeviation: velocity)
        // A box that shrinks while it is hidden does not turn inside out.
        height.value = max(1, height.value)
    }

    /// Stops moving.
    package mutating func stop() {
        centerX.velocity = 0
        centerY.velocity = 0
        aspect.velocity = 0
        height.velocity = 0
    }

    /// Takes a measurement into account.
    package mutating func correct(_ box: BoundingBox) {
        let measured = Measurement(box)
        let deviation = Self.positionShare * height.value
        centerX.correct(measured.centerX, deviation: deviation)
        centerY.correct(measured.centerY, deviation: deviation)
        aspect.correct(measured.aspect, deviation: 1e-1)
        height.correct(measured.height, deviation: deviation)
    }
}

private struct Measurement {
    var centerX: Double
    var centerY: Double
    var aspect: Double
    var height: Double

    init(_ box: BoundingBox) {
        centerX = (Double(box.minX) + Double(box.maxX)) / 2
        centerY = (Double(box.minY) + Double(box.maxY)) / 2
        // A box at the picture's edge may be thinner than a pixel.
        height = max(1e-3, Double(box.height))
        aspect = Double(box.width) / height
    }
}

/// A value and its velocity, with their covariances.
private struct Axis {
    var value: Double
    var velocity = 0.0
    private var valueVariance: Double
    private var covariance = 0.0
    private var velocityVariance: Double

    init(_ value: Double, deviation: Double, velocityDeviation: Double) {
        self.value = value
        valueVariance = deviation * deviation
        velocityVariance = velocityDeviation * velocityDeviation
    }

    mutating func predict(_ steps: Double, deviation: Double, velocityDeviation: Double) {
        value += steps * velocity
        valueVariance += steps * (2 * covariance + steps * velocityVariance + deviation * deviation)
        covariance += steps * velocityVariance
        velocityVariance += steps * velocityDeviation * velocityDeviation
    }

    mutating func correct(_ measured: Double, deviation: Double) {
        let sum = valueVariance + deviation * deviation
        let (gain, velocityGain) = (valueVariance / sum, covariance / sum)
        let difference = measured - value
        value += gain * difference
        velocity += velocityGain * difference
        velocityVariance -= velocityGain * covariance
        covariance -= gain * covariance
        valueVariance -= gain * valueVariance
    }
}
