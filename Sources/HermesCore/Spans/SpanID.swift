/// One span of an image.
struct SpanID: Hashable {
    /// The layer's place in the image, from the bottom, which is 0.
    let layer: Int
    /// The span's place in the layer.
    let span: Int
}
