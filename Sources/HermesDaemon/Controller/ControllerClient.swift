import HermesCore
import HermesHTTP
import HermesSupport
import Synchronization

/// Asks a controller, which builds indexes and keeps them outside of the images' registries, over HTTP.
///
/// | request | answer |
/// |---|---|
/// | `GET /v1/indexes/resolve?image=NAME@DIGEST&platform=P` | 200: JSON, `sociIndex` is the descriptor; 404: none yet; 400 |
/// | `GET /v1/blobs/DIGEST` | 200: the bytes, of a zTOC also as zstd (`Content-Encoding`); 404 |
///
/// Nothing of an answer is believed: bodies have bounds, blobs have their digest, and redirects are not followed. Whether an
/// index belongs to the image is for the caller to check (`SOCIIndex.subject`).
///
/// Can be used from any thread. Each call has a time limit in seconds, at least 1, for its whole answer. Beside the errors
/// in its own comment, each call throws `unavailable` when the controller is not asked because it failed before
/// (`ControllerCircuit`), gives no answer in time or has an error of its own, `protocolViolation` for an answer that is none
/// of the above, and `interrupted` when the client is closed.
package final class ControllerClient: Sendable {
    private let endpoint: HTTPURL
    let node: NodeName?
    private let token: NodeToken?
    let http: HTTPClient
    private let circuit: Mutex<ControllerCircuit>

    /// `endpoint` is the root of the API, without a query. `node` is named to the controller where it is known. Each request has the token
    /// that the file `tokenFile` holds then; nil sends none. A call throws the error of the file when it cannot be read.
    package convenience init(_ endpoint: HTTPURL, http: HTTPClient, node: NodeName? = nil, tokenFile: String? = nil) {
        self.init(endpoint, http: http, circuit: ControllerCircuit(), node: node, tokenFile: tokenFile)
    }

    init(_ endpoint: HTTPURL, http: HTTPClient, circuit: ControllerCircuit, node: NodeName?, tokenFile: String?) {
        self.circuit = Mutex(circuit)
        token = tokenFile.map { NodeToken(path: $0) }
        self.endpoint = endpoint
        self.node = node
        self.http = http
    }

    var name: String { "the controller at \(endpoint.origin)" }

    /// A request that ends within so many seconds, of which there is at least one.
    func request(_ path: String, timeLimit: Int) throws -> HTTPRequest {
        let base = endpoint.text.hasSuffix("/") ? String(endpoint.text.dropLast()) : endpoint.text
        var request = HTTPRequest("GET", try HTTPURL(base + path))
        request.redirects = 0
        if let token { request.originHeaders = [("Authorization", "Bearer \(try token.read())")] }
        // libcurl takes 0 for no limit (CURLOPT_TIMEOUT(3)).
        request.timeLimit = max(1, timeLimit)
        return request
    }

    /// The error for a status that the API does not have.
    func failure(_ status: Int) -> HermesError {
        if status == 401 {
            return HermesError(
                .denied, "\(name) does not take \(token == nil ? "requests without a token" : "the token")",
                advice: "set external_artifact_store.token_file to a file with a token that it takes")
        }
        let isOwn = status == 429 || (500...599).contains(status)
        return HermesError(isOwn ? .unavailable : .protocolViolation, "\(name) answers with status \(status)")
    }

    /// Takes a pass for a call. Throws `unavailable` when the controller is left alone.
    func enter() throws -> ControllerCircuit.Pass {
        guard let pass = circuit.withLock({ $0.enter(now: .now()) }) else {
            throw HermesError(.unavailable, "\(name) is not asked for now, because it failed before")
        }
        return pass
    }

    /// Gives a pass back after the call, which ended with `error`; nil after an answer of the API.
    func leave(_ pass: ControllerCircuit.Pass, _ error: (any Error)?) {
        circuit.withLock { circuit in
            guard let error else { return circuit.succeeded(pass) }
            switch (error as? HermesError)?.code {
            case .unavailable, .protocolViolation, .corrupt: circuit.failed(pass, now: .now())
            default: circuit.abandoned(pass)
            }
        }
    }
}
