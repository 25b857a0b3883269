import GRPCCore
import Glibc
import HermesContainerd
import HermesSupport
import HermesTestKit
import Testing

@testable import HermesDaemon

@Suite struct SnapshotServiceTests {
    @Test func errorsHaveContainerdsCodes() {
        let codes: [SnapshotError.Kind: RPCError.Code] = [
            .notFound: .notFound, .alreadyExists: .alreadyExists, .invalidArgument: .invalidArgument,
            .failedPrecondition: .failedPrecondition,
        ]
        for kind in SnapshotError.Kind.allCases {
            let error = RPCError(answering: SnapshotError(kind, "why"))
            #expect(error.code == codes[kind])
            #expect(error.message == "why")
        }
        #expect(RPCError(answering: HermesError(.unavailable, "busy")).code == .unavailable)
        let error = RPCError(answering: HermesError(.io, "cannot read", cause: SystemError(5)))
        #expect(error.code == .internalError)
        #expect(error.message == "cannot read: Input/output error")
    }

    @Test(arguments: [0, 1, 99, 100, 101, 250]) func listComesInPieces(count: Int) {
        let infos = (0..<count).map { Self.info("\($0)") }
        let pieces = SnapshotService.pieces(infos)
        #expect(pieces.flatMap { $0 } == infos)
        #expect(pieces.count == (count + 99) / 100)
    }

    @Test func largeLabelsMakeSmallPieces() {
        let labels = Dictionary(uniqueKeysWithValues: (0..<600).map { ("\($0)", String(repeating: "v", count: 1000)) })
        let infos = (0..<10).map { Self.info("\($0)", labels) }
        let pieces = SnapshotService.pieces(infos)
        #expect(pieces.flatMap { $0 } == infos)
        #expect(pieces.map(\.count) == [2, 2, 2, 2, 2])
    }

    private static func info(_ name: String, _ labels: [String: String] = [:]) -> SnapshotInfo {
        SnapshotInfo(
            name: name, kind: .active, created: Timestamp(seconds: 1), updated: Timestamp(seconds: 2), labels: labels)
    }

    @Test func infoIsWrittenWhole() {
        var info = Self.info("name", ["key": "value"])
        info.parent = "parent"
        info.created.nanoseconds = 7
        let kinds: [(SnapshotKind, Containerd_Services_Snapshots_V1_Kind)] = [
            (.view, .view), (.active, .active), (.committed, .committed),
        ]
        for (kind, expected) in kinds {
            info.kind = kind
            let message = Containerd_Services_Snapshots_V1_Info(info)
            #expect(message.name == "name" && message.parent == "parent" && message.labels == ["key": "value"])
            #expect(message.kind == expected && message.kind.rawValue == Int(kind.rawValue))
            #expect(message.createdAt.seconds == 1 && message.createdAt.nanos == 7 && message.updatedAt.seconds == 2)
        }
    }
}

@Suite struct UnixSocketTests {
    @Test func staleSocketIsReplacedAndALiveOneIsNot() throws {
        let folder = try TestFolder()
        let path = "\(folder.path)/s"
        let first = try UnixSocket.listen(path)
        let mode = try TestTool.run(["stat", "-c", "%a %F", path]).text
        #expect(mode == "600 socket\n")
        let error = #expect(throws: HermesError.self) { try UnixSocket.listen(path) }
        #expect(error?.code == .unavailable)
        // As a killed daemon leaves it.
        close(first)
        close(try UnixSocket.listen(path))
        #expect(try FolderListing.names(in: folder.path) == ["s"])
    }

    @Test func longPathIsRefused() throws {
        let error = #expect(throws: HermesError.self) {
            try UnixSocket.listen("/tmp/\(String(repeating: "x", count: 200))")
        }
        #expect(error?.code == .usage)
    }
}
