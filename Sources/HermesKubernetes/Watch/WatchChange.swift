/// What a watch of a kind brings.
package enum WatchChange<Object: KubernetesObject>: Sendable {
    /// These are all objects now; what was known before and is not among them is gone.
    case replaced([Object])
    /// The object was made, or changed.
    case changed(Object)
    /// The object is gone; this is how it was last.
    case deleted(Object)
}

extension WatchChange: Equatable where Object: Equatable {}
