public import ObjectDetection

/// One object of a scene.
public struct SceneObject: Hashable, Sendable {
    /// What it is.
    public let kind: ShapeKind
    /// The pixels where it is seen: those whose middle it covers, without what lies over it.
    ///
    /// The region is tight, and so the object's box.
    public let mask: Mask
}
