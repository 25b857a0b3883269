@testable import HermesCore
@testable import HermesSupport

/// What is wrong with an image that comes from outside, and how it is damaged.
struct FuzzDamage {
    enum Place: Int, CaseIterable {
        /// Nothing is wrong.
        case none
        /// Nothing is wrong; the index does not list all layers, or there is no index.
        case layersLeftOut, noIndex
        /// The index is that of another zTOC than the layer's.
        case ztoc
        /// A zTOC does not have its digest.
        case ztocBytes
        /// The index's document, or which zTOC it gives to which layer.
        case index, indexLayers
        /// The manifest's document, or its layers and their diff IDs.
        case manifest, manifestLayers
        /// The bytes of a layer's blob do not have its digest.
        case blob
    }

    private struct Change {
        let kind: Int
        let place: Int
        let value: Int
    }

    let place: Place
    /// The layer that it is about, or a set of layers.
    let layer: Int
    private let changes: [Change]

    init(_ input: inout FuzzInput) {
        place = Place.allCases[input.byte() % Place.allCases.count]
        layer = input.byte()
        changes = (0..<1 + input.byte() % 3).map { _ in
            Change(kind: input.byte(), place: input.byte() << 8 | input.byte(), value: input.byte())
        }
    }

    /// Whether all that the index says of the layers is right.
    var leavesIndex: Bool {
        switch place {
        case .none, .layersLeftOut, .noIndex, .ztocBytes, .blob, .manifest, .manifestLayers: true
        case .ztoc, .index, .indexLayers: false
        }
    }

    /// Whether nothing is wrong, so that nothing may fail.
    var isNone: Bool { [.none, .layersLeftOut, .noIndex].contains(place) }

    /// The bytes with the changes; never the same bytes where there are any.
    func apply(to bytes: [UInt8]) -> [UInt8] {
        guard let last = bytes.indices.last else { return [1] }
        var changed = bytes
        for change in changes {
            let place = change.place % bytes.count
            guard changed.indices.contains(place) else { continue }
            switch change.kind % 6 {
            case 0: changed[place] = UInt8(change.value)
            case 1: changed[place] ^= 1 << UInt8(change.value % 8)
            case 2: changed[place] &+= change.value % 2 == 0 ? 1 : 255
            case 3:
                // A number of a FlatBuffer or of a checkpoint.
                let values: [Int64] = [0, -1, 1, .max, .min, 512, Int64(bytes.count), 1 << 32, Int64(change.value)]
                let value = values[change.value % values.count]
                for index in 0..<8 where place & ~3 + index < changed.count {
                    changed[place & ~3 + index] = UInt8(truncatingIfNeeded: value >> Int64(8 * index))
                }
            case 4:
                for index in 0..<16 where place + index < changed.count {
                    changed[place + index] = changed[(place + index + change.value * 4) % changed.count]
                }
            default: changed.removeLast(min(changed.count - 1, change.value + 1))
            }
        }
        if changed == bytes { changed[last] ^= 1 }
        return changed
    }

    /// The elements with one missing, double, or at another's place.
    func rearrange<Element>(_ elements: inout [Element]) {
        for change in changes where !elements.isEmpty {
            let one = change.place % elements.count
            let other = change.value % elements.count
            switch change.kind % 3 {
            case 0: elements.swapAt(one, other)
            case 1: elements.insert(elements[one], at: other)
            default: elements.remove(at: one)
            }
        }
    }

    /// Whether the index leaves out a layer.
    func leavesOut(_ number: Int) -> Bool { place == .layersLeftOut && layer >> (number % 8) & 1 == 1 }
}
