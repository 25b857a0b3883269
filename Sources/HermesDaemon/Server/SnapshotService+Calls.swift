import GRPCCore
import HermesContainerd
import HermesSupport
import SwiftProtobuf

extension SnapshotService: Containerd_Services_Snapshots_V1_Snapshots.SimpleServiceProtocol {
    func prepare(
        request: Containerd_Services_Snapshots_V1_PrepareSnapshotRequest, context: ServerContext
    ) async throws -> Containerd_Services_Snapshots_V1_PrepareSnapshotResponse {
        let mounts = try await call(.prepare, request.key) {
            try $0.create(.active, key: request.key, parent: request.parent, labels: request.labels)
        }
        return .with { $0.mounts = mounts.map(Containerd_Types_Mount.init) }
    }

    func view(
        request: Containerd_Services_Snapshots_V1_ViewSnapshotRequest, context: ServerContext
    ) async throws -> Containerd_Services_Snapshots_V1_ViewSnapshotResponse {
        let mounts = try await call(.view, request.key) {
            try $0.create(.view, key: request.key, parent: request.parent, labels: request.labels)
        }
        return .with { $0.mounts = mounts.map(Containerd_Types_Mount.init) }
    }

    func mounts(
        request: Containerd_Services_Snapshots_V1_MountsRequest, context: ServerContext
    ) async throws -> Containerd_Services_Snapshots_V1_MountsResponse {
        let mounts = try await call(.mounts, request.key) { try $0.mounts(request.key) }
        return .with { $0.mounts = mounts.map(Containerd_Types_Mount.init) }
    }

    func commit(
        request: Containerd_Services_Snapshots_V1_CommitSnapshotRequest, context: ServerContext
    ) async throws -> Google_Protobuf_Empty {
        try await call(.commit, request.key) {
            try $0.commit(request.key, as: request.name, labels: request.labels, parent: request.parent)
        }
        return Google_Protobuf_Empty()
    }

    func remove(
        request: Containerd_Services_Snapshots_V1_RemoveSnapshotRequest, context: ServerContext
    ) async throws -> Google_Protobuf_Empty {
        try await call(.remove, request.key) { try $0.remove(request.key) }
        return Google_Protobuf_Empty()
    }

    func stat(
        request: Containerd_Services_Snapshots_V1_StatSnapshotRequest, context: ServerContext
    ) async throws -> Containerd_Services_Snapshots_V1_StatSnapshotResponse {
        let info = try await call(.stat, request.key) { try $0.stat(request.key) }
        return .with { $0.info = Containerd_Services_Snapshots_V1_Info(info) }
    }

    func update(
        request: Containerd_Services_Snapshots_V1_UpdateSnapshotRequest, context: ServerContext
    ) async throws -> Containerd_Services_Snapshots_V1_UpdateSnapshotResponse {
        let info = try await call(.update, request.info.name) { snapshotter in
            // Only its name and labels count; the rest is what the store has.
            var info = try snapshotter.stat(request.info.name)
            info.labels = request.info.labels
            return try snapshotter.update(info, paths: request.updateMask.paths)
        }
        return .with { $0.info = Containerd_Services_Snapshots_V1_Info(info) }
    }

    func usage(
        request: Containerd_Services_Snapshots_V1_UsageRequest, context: ServerContext
    ) async throws -> Containerd_Services_Snapshots_V1_UsageResponse {
        let usage = try await call(.usage, request.key) { try $0.usage(request.key) }
        return .with {
            $0.size = usage.size
            $0.inodes = usage.inodes
        }
    }

    func cleanup(
        request: Containerd_Services_Snapshots_V1_CleanupRequest, context: ServerContext
    ) async throws -> Google_Protobuf_Empty {
        try await call(.cleanup) { try $0.cleanup() }
        return Google_Protobuf_Empty()
    }
}
