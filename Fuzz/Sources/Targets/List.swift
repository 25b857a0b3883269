import HermesSupport

@testable import HermesKubernetes

extension FuzzTarget {
    private struct Item: KubernetesObject, Hashable {
        var metadata: ObjectMeta
    }

    private struct Whole: Decodable {
        struct Metadata: Decodable { var resourceVersion: String? }
        var metadata: Metadata
        var items: [Item]?
    }

    /// A page of a list from an API server: its objects one by one are those of the whole page.
    static let list = FuzzTarget(name: "list") { bytes in
        let bytes = Array(bytes)
        let split = ListSplitter(bytes)
        var end = 0
        for item in split.items {
            check(item.lowerBound >= end && item.upperBound <= bytes.count, "the places overlap")
            end = item.upperBound
        }
        check(split.envelope.count <= bytes.count + 2, "the page has grown")
        let page = try KubernetesPage<Item>(bytes, name: "page")
        // What is found one by one is right only where it is what is there.
        let whole = try? JSON.decode(Whole.self, from: bytes, name: "page")
        check(whole.map { $0.items ?? [] == page.items } ?? true, "the objects are others")
        check(whole.map { $0.metadata.resourceVersion ?? "" == page.resourceVersion } ?? true, "another version")
    }
}
