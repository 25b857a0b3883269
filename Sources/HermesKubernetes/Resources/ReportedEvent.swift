/// An event as any component of a cluster writes it (core/v1 Event). An event of the newer events.k8s.io API, such as
/// the scheduler's, has neither a count nor the old time stamps, so that it is not an `Event`.
package struct ReportedEvent: KubernetesObject, Hashable {
    /// The object that the event is about.
    package struct Subject: Codable, Sendable, Hashable {
        package var kind: String?
        package var name: String?
        package var uid: String?
        /// The part of the object, such as "spec.containers{main}" for a container of a Pod.
        package var fieldPath: String?

        package init(kind: String? = nil, name: String? = nil, uid: String? = nil, fieldPath: String? = nil) {
            self.kind = kind
            self.name = name
            self.uid = uid
            self.fieldPath = fieldPath
        }
    }

    package var metadata: ObjectMeta
    package var involvedObject: Subject
    /// A word in CamelCase for programs, such as Pulling, Pulled, Created or Started.
    package var reason: String?
    package var message: String?

    package init(metadata: ObjectMeta, involvedObject: Subject, reason: String? = nil, message: String? = nil) {
        self.metadata = metadata
        self.involvedObject = involvedObject
        self.reason = reason
        self.message = message
    }
}
