public import ObjectDetection

/// One object of a scene.
public struct SceneObject: Hashable, Sendable {
    /// Kind of the object.
    public let kind: ShapeKind
    /// The object's visible pixels: those with a centre that it covers and that no other figure hides.
    ///
    /// The mask's region is tight, so it is also the object's bounding box.
    public let mask: Mask
}
