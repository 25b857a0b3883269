@testable import HermesCore

extension FuzzTarget {
    /// SOCI indexes.
    static let index = FuzzTarget(name: "index") { bytes in
        let index = try SOCIIndex(decoding: Array(bytes))
        for layer in try index.ztocs() {
            check(try SOCIIndex.Layer(layer.descriptor) == layer, "a layer is another when read again")
        }
        let encoded = index.encoded()
        check(try SOCIIndex(decoding: encoded).encoded() == encoded, "an index is another when read again")
    }
}
