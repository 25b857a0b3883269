/// A Secret (core/v1). It is never logged, nor a part of an error.
package struct Secret: KubernetesObject {
    package var metadata: ObjectMeta
    /// Such as kubernetes.io/dockerconfigjson.
    package var type: String?
    /// The values in base64.
    package var data: [String: String]?
}

extension ResourcePath {
    package static let secrets = ResourcePath(plural: "secrets")
}
