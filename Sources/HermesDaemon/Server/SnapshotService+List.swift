import GRPCCore
import HermesContainerd

extension SnapshotService {
    /// Snapshots in one message, and bytes of their labels, at most but for the last: a message has a limit (4 MiB in many
    /// clients), and labels have some 100 bytes.
    static let piece = (count: 100, bytes: 1 << 20)

    func list(
        request: Containerd_Services_Snapshots_V1_ListSnapshotsRequest,
        response: RPCWriter<Containerd_Services_Snapshots_V1_ListSnapshotsResponse>, context: ServerContext
    ) async throws {
        for infos in Self.pieces(try await call(.list) { try $0.list(request.filters) }) {
            try await response.write(.with { $0.info = infos.map(Containerd_Services_Snapshots_V1_Info.init) })
        }
    }

    static func pieces(_ infos: [SnapshotInfo]) -> [ArraySlice<SnapshotInfo>] {
        var pieces: [ArraySlice<SnapshotInfo>] = []
        var start = infos.startIndex
        var bytes = 0
        for index in infos.indices {
            bytes += infos[index].labels.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
            guard index + 1 - start >= piece.count || bytes >= piece.bytes || index + 1 == infos.endIndex else {
                continue
            }
            pieces.append(infos[start...index])
            start = index + 1
            bytes = 0
        }
        return pieces
    }
}
