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

    /// Whether the content store, for whichever namespace, has any byte of a blob, so that not all of it would have to be sent.
    package func hasBytes(of blob: Containerd_Types_Descriptor, lease: String) throws -> Bool {
        // A refusal of a stream is lost where it comes before the stream's end: what can be refused is asked for first.
        guard try !hasContent(blob.digest) else { return true }
        let ref = Self.ref(blob)
        let request = Containerd_Services_Content_V1_WriteContentRequest.with {
            ($0.action, $0.ref, $0.total, $0.expected) = (.stat, ref, blob.size, blob.digest)
        }
        do {
            let offset = try answer(to: Self.content("Write")) { [self] in
                try await write(lease) {
                    try await $0.write(request)
                } onResponse: { response in
                    var offset: Int64 = 0
                    for try await message in response.messages { offset = max(offset, message.offset) }
                    return offset
                }
            }
            try abort(ref)
            return offset > 0
        } catch let error as ContainerdError where error.kind == .alreadyExists {
            return true
        }
    }

    private static func ref(_ blob: Containerd_Types_Descriptor) -> String { "hermes-bench-\(blob.digest)" }

    /// Forgets what was sent of a blob.
    private func abort(_ ref: String) throws {
        do {
            try tell(Self.content("Abort"), Containerd_Services_Content_V1_AbortRequest.with { $0.ref = ref })
        } catch let error as ContainerdError where error.kind == .notFound {
            return
        }
    }

    private func write<Result: Sendable>(
        _ lease: String,
        _ producer:
            @escaping @Sendable (RPCWriter<Containerd_Services_Content_V1_WriteContentRequest>) async throws ->
            Void,
        onResponse:
            @escaping @Sendable (
                StreamingClientResponse<Containerd_Services_Content_V1_WriteContentResponse>
            ) async throws -> Result
    ) async throws -> Result {
        try await client.bidirectionalStreaming(
            request: StreamingClientRequest(metadata: metadata(lease), producer: producer),
            descriptor: Self.content("Write").descriptor,
            serializer: ProtobufSerializer<Containerd_Services_Content_V1_WriteContentRequest>(),
            deserializer: ProtobufDeserializer<Containerd_Services_Content_V1_WriteContentResponse>(),
            options: .defaults, onResponse: onResponse)
    }

    /// Adds a blob to the content store, which checks its digest. `next` gives the blob piece by piece, of 1 MiB or so, then nil;
    /// it is called on threads that may block, and what it throws ends the call. Does nothing where the store has the blob.
    package func writeContent(
        _ blob: Containerd_Types_Descriptor, labels: [String: String] = [:], lease: String,
        next: @escaping @Sendable () throws -> [UInt8]?
    ) throws {
        let ref = Self.ref(blob)
        let failure = WriteFailure()
        guard try !hasContent(blob.digest) else { return }
        do {
            try answer(to: Self.content("Write")) { [self] in
                try await write(lease) { writer in
                    try await Self.send(blob, ref, labels, to: writer, failure, next)
                } onResponse: { response in
                    for try await _ in response.messages {}
                }
            }
        } catch {
            // The first piece would have to be sent anew in any case.
            try? abort(ref)
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
