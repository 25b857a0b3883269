import HermesCore
import HermesHTTP
import HermesSupport
import Logging

/// Where the index of an image is looked for: at the controller, then among the image's referrers, each where the
/// configuration allows it.
///
/// Safe for use from any thread that may block.
struct IndexSearch: Sendable {
    private let controller: ControllerClient?
    private let configuration: DaemonConfiguration.ArtifactStore
    /// Where zTOCs are stored while they are read.
    private let folder: String
    private let log: Logger

    init(_ configuration: DaemonConfiguration.ArtifactStore, http: HTTPClient, folder: String, log: Logger) {
        self.configuration = configuration
        let endpoint = configuration.isEnabled ? configuration.endpoint : nil
        let node = configuration.nodeName ?? .ofThisMachine
        controller = endpoint.map { ControllerClient($0, http: http, node: node, tokenFile: configuration.tokenFile) }
        self.folder = folder
        self.log = log
    }

    /// Finds an index that is not among the `refused` ones. `source` is the image's registry. Throws `notFound` where there is
    /// none, and the error of the last that was asked.
    func find(
        _ image: Image, _ reference: Reference, _ source: RegistrySource, except refused: [Digest],
        until deadline: Monotonic
    ) throws -> IndexFiles {
        let leftOut = LeftOutLayers(source, in: folder, until: deadline, log: log)
        if let controller {
            do {
                if let found = try ask(controller, image, reference, except: refused, leftOut, until: deadline) {
                    return found
                }
            } catch {
                guard configuration.fallsBackToRegistry else { throw error }
                // One that is not asked, because it failed before, was told of then.
                log.log(
                    level: (error as? HermesError)?.code == .unavailable ? .info : .warning,
                    "the controller gives no index; the image's registry is asked",
                    metadata: ["image": "\(reference)", "cause": "\(error)"])
            }
        }
        if configuration.fallsBackToRegistry || controller == nil,
            let found = try waiting(
                until: deadline,
                { [folder] in
                    try await IndexFiles.findReferrer(
                        image, at: source, in: folder, except: refused, until: deadline, leftOut: leftOut)
                })
        {
            return found
        }
        throw HermesError(.notFound, "the image has no index")
    }

    /// The index that the controller has of an image; nil when it has none.
    private func ask(
        _ controller: ControllerClient, _ image: Image, _ reference: Reference, except refused: [Digest],
        _ leftOut: LeftOutLayers, until deadline: Monotonic
    ) throws -> IndexFiles? {
        // Whole seconds, as libcurl has them; `waiting` ends what is left over.
        @Sendable func seconds() -> Int { max(1, Int(deadline.milliseconds(since: .now()) / 1000)) }
        let timeout = min(configuration.timeout, seconds())
        let name = "\(reference.registry)/\(reference.repository)"
        let platform = configuration.platform ?? .host
        let descriptor = try waiting(until: deadline) {
            try await controller.resolve(name, image.descriptor.digest, platform, timeLimit: timeout)
        }
        guard let descriptor, !refused.contains(descriptor.digest) else { return nil }
        let bytes = try waiting(until: deadline) {
            try await controller.read(descriptor, limit: SOCIIndex.sizeLimit, timeLimit: timeout)
        }
        let index = try SOCIIndex(decoding: bytes)
        guard index.subject.digest == image.descriptor.digest else {
            throw HermesError(
                .corrupt, "the controller's index of \(reference) is that of another image, \(index.subject.digest)")
        }
        return try IndexFiles(digest: descriptor.digest, index: index, image: image, leftOut: leftOut) { ztoc in
            try controller.download(ztoc.descriptor, in: folder, timeLimit: seconds())
        }
    }
}
