import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GRPCProtobuf
import HermesSupport
import SwiftProtobuf

/// Calls of containerd's API v1 over its socket, in one of its namespaces.
///
/// A call blocks until its answer, so it is for threads that may block; any of them, and several at once. `close` is to be
/// called once, when no call is under way.
package final class ContainerdClient: Sendable {
    /// The socket, as a path.
    package let address: String
    /// What the calls are about: containerd keeps images, snapshots and containers of namespaces apart.
    package let namespace: String
    let client: GRPCClient<HTTP2ClientTransport.Posix>
    private let connections: Task<Void, any Error>

    /// Bytes of an answer at most: a list of all images of a node fits.
    private static let answerLimit = 64 << 20

    /// Connects at the first call. Throws `usage` for an address that cannot be one.
    package init(address: String, namespace: String) throws {
        self.address = address
        self.namespace = namespace
        let transport: HTTP2ClientTransport.Posix
        do {
            transport = try .http2NIOPosix(
                target: .unixDomainSocket(path: address, authority: "localhost"), transportSecurity: .plaintext,
                config: .defaults { $0.channelDebuggingCallbacks.onCreateTCPConnection = PingAnswers.installInClient })
        } catch {
            throw HermesError(.usage, "\(address.printable(200)) is no socket of containerd", cause: error)
        }
        let client = GRPCClient(transport: transport)
        self.client = client
        connections = Task.detached { try await client.runConnections() }
    }

    /// The same containerd, another namespace.
    package func inNamespace(_ namespace: String) throws -> ContainerdClient {
        try ContainerdClient(address: address, namespace: namespace)
    }

    /// Ends the connection.
    package func close() {
        client.beginGracefulShutdown()
        _ = try? waiting { [connections] in try await connections.value }
    }

    /// Calls `method` and waits for `patience` at most. What is made is held by `lease` until something else refers to it. Throws
    /// `ContainerdError`.
    func call<Request: Message, Response: Message>(
        _ method: ContainerdMethod, _ request: Request, lease: String? = nil, patience: Duration = .seconds(60)
    ) throws -> Response {
        var options = CallOptions.defaults
        options.timeout = patience
        options.waitForReady = false
        options.maxResponseMessageBytes = Self.answerLimit
        return try answer(to: method) { [self, options] in
            try await client.unary(
                request: ClientRequest(message: request, metadata: metadata(lease)), descriptor: method.descriptor,
                serializer: ProtobufSerializer<Request>(), deserializer: ProtobufDeserializer<Response>(),
                options: options
            ) { try $0.message }
        }
    }

    /// Calls a method that answers nothing.
    func tell(
        _ method: ContainerdMethod, _ request: some Message, lease: String? = nil, patience: Duration = .seconds(60)
    ) throws {
        let _: Google_Protobuf_Empty = try call(method, request, lease: lease, patience: patience)
    }

    /// Runs a call and waits for its end. Throws `ContainerdError`.
    func answer<Value: Sendable>(
        to method: ContainerdMethod, _ body: @escaping @Sendable () async throws -> Value
    ) throws -> Value {
        do {
            return try waiting(body)
        } catch let error as RPCError {
            throw ContainerdError(error, method: method.name, address: address)
        }
    }

    func metadata(_ lease: String?) -> Metadata {
        var metadata: Metadata = ["containerd-namespace": .string(namespace)]
        if let lease { metadata.addString(lease, forKey: "containerd-lease") }
        return metadata
    }
}

/// A method of the API.
struct ContainerdMethod: Sendable {
    let descriptor: MethodDescriptor

    /// "Images.Create", for messages.
    var name: String {
        "\(descriptor.service.fullyQualifiedService.split(separator: ".").last { $0.first?.isUppercase == true } ?? "").\(descriptor.method)"
    }

    /// `service` is such as "images.v1.Images".
    init(_ service: String, _ method: String) {
        descriptor = MethodDescriptor(fullyQualifiedService: "containerd.services.\(service)", method: method)
    }
}
