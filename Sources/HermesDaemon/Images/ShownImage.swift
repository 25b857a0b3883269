import HermesCore
import Synchronization

/// An image in its folder of the mount.
///
/// Safe for use from any thread.
final class ShownImage: Sendable {
    let lazy: LazyImage
    /// The name that it was pulled by.
    let reference: Reference
    /// The name of its folder.
    let name: String
    /// The names of the folders that show only its lowest layers, by the number of these.
    private let prefixes = Mutex<[Int: String]>([:])

    init(_ lazy: LazyImage, _ reference: Reference, name: String) {
        self.lazy = lazy
        self.reference = reference
        self.name = name
    }

    var image: Image { lazy.image }

    /// The names of all its folders.
    var names: [String] { [name] + prefixes.withLock { Array($0.values) } }

    /// The folder that shows its lowest layers, if there is one.
    func prefix(_ layers: Int) -> String? { prefixes.withLock { $0[layers] } }

    /// There is such a folder now.
    func addPrefix(_ layers: Int, _ name: String) { prefixes.withLock { $0[layers] = name } }
}
