/// Which objects of a kind are wanted, in the API server's own syntax. A value.
package struct KubernetesSelection: Sendable, Hashable {
    /// A label selector, such as "app=a,tier!=b"; nil for all.
    package var labels: String?
    /// A field selector, such as "spec.nodeName=a"; nil for all.
    package var fields: String?

    package init(labels: String? = nil, fields: String? = nil) {
        self.labels = labels
        self.fields = fields
    }

    var query: [(name: String, value: String)] {
        [("labelSelector", labels), ("fieldSelector", fields)].compactMap { name, value in value.map { (name, $0) } }
    }
}
