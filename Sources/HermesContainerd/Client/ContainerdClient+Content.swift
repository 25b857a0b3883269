import GRPCCore
import GRPCProtobuf
import HermesSupport
import Synchronization

extension ContainerdClient {
    private static func content(_ method: String) -> ContainerdMethod { .init("content.v1.Content", method) }

    /// Whether the content store has a blob for this namespace.
    package func hasContent(_ digest: String) throws -> Bool {
        do {
            let _: Containerd_Services_Content_V1_InfoResponse = try call(
                Self.content("Info"), Containerd_Services_Content_V1_InfoRequest.with { $0.digest = digest })
            return true
        } catch let error as ContainerdError where error.kind == .notFound {
            return false
        }
    }

    /// Adds a blob to the content store, which checks its digest. `next` gives the blob piece by piece, of 1 MiB or so, then nil;
    /// it is called on threads that may block, and what it throws ends the call. Throws `alreadyExists` where the store has the blob.
    package func writeContent(
        _ blob: Containerd_Types_Descriptor, labels: [String: String] = [:], lease: String,
        next: @escaping @Sendable () throws -> [UInt8]?
    ) throws {
        let ref = "hermes-bench-\(blob.digest)"
        let failure = WriteFailure()
        do {
            try answer(to: Self.content("Write")) { [self] in
                try await client.bidirectionalStreaming(
                    request: StreamingClientRequest(metadata: metadata(lease)) { writer in
                        try await Self.send(blob, ref, labels, to: writer, failure, next)
                    }, descriptor: Self.content("Write").descriptor,
                    serializer: ProtobufSerializer<Containerd_Services_Content_V1_WriteContentRequest>(),
                    deserializer: ProtobufDeserializer<Containerd_Services_Content_V1_WriteContentResponse>(),
                    options: .defaults
                ) { response in
                    for try await _ in response.messages {}
                }
            }
        } catch {
            // The first piece would have to be sent anew in any case.
            try? tell(Self.content("Abort"), Containerd_Services_Content_V1_AbortRequest.with { $0.ref = ref })
            throw failure.error.withLock { $0 } ?? error
        }
    }

    /// What ended the stream from this side, which the call's own error does not say.
    private final class WriteFailure: Sendable {
        let error = Mutex<(any Error)?>(nil)
    }

    private static func send(
        _ blob: Containerd_Types_Descriptor, _ ref: String, _ labels: [String: String],
        to writer: RPCWriter<Containerd_Services_Content_V1_WriteContentRequest>, _ failure: WriteFailure,
        _ next: @escaping @Sendable () throws -> [UInt8]?
    ) async throws {
        var request = Containerd_Services_Content_V1_WriteContentRequest.with {
            ($0.action, $0.ref, $0.total, $0.expected) = (.write, ref, blob.size, blob.digest)
        }
        let work = BlockingWork()
        do {
            while let bytes = try await work.run(next) {
                request.data = .init(bytes)
                try await writer.write(request)
                request.offset += Int64(bytes.count)
            }
        } catch {
            if !(error is RPCError) { failure.error.withLock { $0 = error } }
            throw error
        }
        (request.action, request.data, request.labels) = (.commit, .init(), labels)
        try await writer.write(request)
    }
}
