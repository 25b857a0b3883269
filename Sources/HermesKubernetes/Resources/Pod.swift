/// A Pod (core/v1), as far as Hermes reads it.
package struct Pod: KubernetesObject, Hashable {
    package struct Spec: Codable, Sendable, Hashable {
        package var nodeName: String?
        package var serviceAccountName: String?
        package var imagePullSecrets: [LocalReference]?
        package var initContainers: [Container]?
        package var containers: [Container]
        package var ephemeralContainers: [Container]?
        package var volumes: [Volume]?
    }

    /// The name of an object in the Pod's namespace.
    package struct LocalReference: Codable, Sendable, Hashable {
        package var name: String?
    }

    /// A container, an init container or an ephemeral container.
    package struct Container: Codable, Sendable, Hashable {
        package var name: String
        /// The reference as the user wrote it; an ephemeral or defaulted container may have none.
        package var image: String?
        /// Always, IfNotPresent or Never: when the node asks the registry what the reference means.
        package var imagePullPolicy: String?
        /// "Always" for an init container that goes on running beside the others (a sidecar).
        package var restartPolicy: String?
        package var startupProbe: Probe?
        package var readinessProbe: Probe?
        package var livenessProbe: Probe?
    }

    /// The timing of a probe; the API server fills in its defaults. All times are in seconds.
    package struct Probe: Codable, Sendable, Hashable {
        package var initialDelaySeconds: Int?
        package var periodSeconds: Int?
        package var timeoutSeconds: Int?
        package var failureThreshold: Int?
    }

    /// A volume; only those that are an image concern Hermes (KEP-4639).
    package struct Volume: Codable, Sendable, Hashable {
        package struct Image: Codable, Sendable, Hashable {
            package var reference: String?
            package var pullPolicy: String?
        }
        package var name: String
        package var image: Image?
    }

    package struct Status: Codable, Sendable, Hashable {
        /// Pending, Running, Succeeded, Failed or Unknown.
        package var phase: String?
        /// A word in CamelCase for programs and a sentence for people, mostly of a Pod that failed.
        package var reason: String?
        package var message: String?
        package var podIP: String?
        package var conditions: [Condition]?
        package var initContainerStatuses: [ContainerStatus]?
        package var containerStatuses: [ContainerStatus]?
        package var ephemeralContainerStatuses: [ContainerStatus]?
    }

    package struct Condition: Codable, Sendable, Hashable {
        package var type: String
        /// True, False or Unknown.
        package var status: String
        package var lastTransitionTime: String?
        package var reason: String?
        package var message: String?
    }

    package struct ContainerStatus: Codable, Sendable, Hashable {
        package struct State: Codable, Sendable, Hashable {
            package struct Running: Codable, Sendable, Hashable {
                package var startedAt: String?
            }
            package struct Waiting: Codable, Sendable, Hashable {
                package var reason: String?
                package var message: String?
            }
            package struct Terminated: Codable, Sendable, Hashable {
                package var startedAt: String?
                package var finishedAt: String?
                package var exitCode: Int?
            }
            package var waiting: Waiting?
            package var running: Running?
            package var terminated: Terminated?
        }
        package var name: String
        package var image: String?
        /// What the node runs: "repository@digest" once the image is there, else "".
        package var imageID: String?
        package var restartCount: Int?
        package var state: State?
        /// How it ended the last time, when it has been restarted.
        package var lastState: State?
    }

    package var metadata: ObjectMeta
    package var spec: Spec
    package var status: Status?
}

extension ResourcePath {
    package static let pods = ResourcePath(plural: "pods")
}
