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
    /// How many of its folders are not closed yet.
    let open: OpenFolders
    /// The names of the folders that show only its lowest layers, by the number of these.
    private let prefixes = Mutex<[Int: String]>([:])

    init(_ lazy: LazyImage, _ reference: Reference, name: String, open: OpenFolders) {
        self.open = open
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

/// Counts the folders of one image on the mount, down to the last that is closed. It outlives the image.
///
/// Safe for use from any thread.
final class OpenFolders: Sendable {
    private let count = Atomic(0)

    func added() { count.add(1, ordering: .relaxed) }

    /// Whether this was the last one.
    func closed() -> Bool { count.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 }
}
