import HermesSupport
import Synchronization

/// The layers that this process has open, each once, whichever images have it: a layer's files are opened and mapped once.
///
/// A layer is closed with its last image. Safe for use from any thread.
final class OpenLayers: Sendable {
    private struct Reference {
        weak var layer: LazyLayer?
    }

    /// By their folders.
    private let layers = Mutex<[String: Reference]>([:])

    /// The layer in a folder. Throws as `LazyLayer` does.
    func open(_ layer: Image.Layer, folder: String) throws -> LazyLayer {
        // An image that describes its layer otherwise may lie, and has it for itself.
        func fits(_ known: LazyLayer) -> Bool { known.descriptor == layer.descriptor && known.diffID == layer.diffID }
        if let known = layers.withLock({ $0[folder]?.layer }), fits(known) { return known }
        let opened = try LazyLayer(layer, folder: folder)
        return layers.withLock { layers in
            // Another thread may have been faster.
            if let known = layers[folder]?.layer { return fits(known) ? known : opened }
            layers = layers.filter { $0.value.layer != nil }
            layers[folder] = Reference(layer: opened)
            return opened
        }
    }
}
