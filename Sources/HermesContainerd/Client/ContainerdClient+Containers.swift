import HermesSupport
import SwiftProtobuf

extension ContainerdClient {
    private static func containers(_ method: String) -> ContainerdMethod {
        .init("containers.v1.Containers", method)
    }
    private static func tasks(_ method: String) -> ContainerdMethod { .init("tasks.v1.Tasks", method) }

    /// Makes a container. `spec` is an OCI runtime specification as JSON; its process is started by `createTask` and `startTask`.
    package func createContainer(
        _ id: String, image: String, spec: [UInt8], snapshotter: String, snapshot: String, lease: String
    ) throws {
        let container = Containerd_Services_Containers_V1_Container.with {
            $0.id = id
            $0.image = image
            $0.runtime.name = "io.containerd.runc.v2"
            $0.spec.typeURL = "types.containerd.io/opencontainers/runtime-spec/1/Spec"
            $0.spec.value = .init(spec)
            $0.snapshotter = snapshotter
            $0.snapshotKey = snapshot
        }
        let _: Containerd_Services_Containers_V1_CreateContainerResponse = try call(
            Self.containers("Create"),
            Containerd_Services_Containers_V1_CreateContainerRequest.with { $0.container = container }, lease: lease)
    }

    /// The names of the namespace's containers.
    package func containers() throws -> [String] {
        let answer: Containerd_Services_Containers_V1_ListContainersResponse = try call(
            Self.containers("List"), Containerd_Services_Containers_V1_ListContainersRequest())
        return answer.containers.map(\.id)
    }

    /// Throws `notFound`.
    package func deleteContainer(_ id: String) throws {
        try tell(
            Self.containers("Delete"), Containerd_Services_Containers_V1_DeleteContainerRequest.with { $0.id = id })
    }

    /// Makes the process of a container, which waits to be started. `stdout` and `stderr` are paths of named pipes.
    package func createTask(
        _ id: String, on rootfs: [Containerd_Types_Mount], stdout: String, stderr: String
    ) throws {
        let _: Containerd_Services_Tasks_V1_CreateTaskResponse = try call(
            Self.tasks("Create"),
            Containerd_Services_Tasks_V1_CreateTaskRequest.with {
                ($0.containerID, $0.rootfs, $0.stdout, $0.stderr) = (id, rootfs, stdout, stderr)
            }, patience: .seconds(600))
    }

    package func startTask(_ id: String) throws {
        let _: Containerd_Services_Tasks_V1_StartResponse = try call(
            Self.tasks("Start"), Containerd_Services_Tasks_V1_StartRequest.with { $0.containerID = id },
            patience: .seconds(600))
    }

    /// Waits for the end of a container's process, `patience` at most, and returns its exit code.
    package func waitForTask(_ id: String, patience: Duration) throws -> Int {
        let answer: Containerd_Services_Tasks_V1_WaitResponse = try call(
            Self.tasks("Wait"), Containerd_Services_Tasks_V1_WaitRequest.with { $0.containerID = id },
            patience: patience)
        return Int(answer.exitStatus)
    }

    /// Whether a container has a process, also one that has ended.
    package func hasTask(_ id: String) throws -> Bool {
        do {
            let _: Google_Protobuf_Empty = try call(
                Self.tasks("Get"), Containerd_Services_Tasks_V1_GetRequest.with { $0.containerID = id })
            return true
        } catch let error as ContainerdError where error.kind == .notFound {
            return false
        }
    }

    /// Sends a signal to all processes of a container. Throws `notFound` when there is none any more.
    package func killTask(_ id: String, _ signal: Int32) throws {
        try tell(
            Self.tasks("Kill"),
            Containerd_Services_Tasks_V1_KillRequest.with {
                ($0.containerID, $0.signal, $0.all) = (id, UInt32(signal), true)
            })
    }

    /// Takes away what is left of a process that has ended. Throws `notFound`, `failedPrecondition` while it runs.
    package func deleteTask(_ id: String) throws {
        let _: Containerd_Services_Tasks_V1_DeleteResponse = try call(
            Self.tasks("Delete"), Containerd_Services_Tasks_V1_DeleteTaskRequest.with { $0.containerID = id })
    }
}
