import HermesContainerd
import HermesSupport
import SwiftProtobuf

extension Containerd_Services_Snapshots_V1_Info {
    init(_ info: SnapshotInfo) {
        self.init()
        name = info.name
        parent = info.parent
        kind =
            switch info.kind {
            case .view: .view
            case .active: .active
            case .committed: .committed
            }
        createdAt = Google_Protobuf_Timestamp(info.created)
        updatedAt = Google_Protobuf_Timestamp(info.updated)
        labels = info.labels
    }
}

extension Containerd_Types_Mount {
    init(_ mount: SnapshotMount) {
        self.init()
        type = mount.type
        source = mount.source
        options = mount.options
    }
}

extension Google_Protobuf_Timestamp {
    fileprivate init(_ timestamp: Timestamp) {
        self.init(seconds: timestamp.seconds, nanos: timestamp.nanoseconds)
    }
}
