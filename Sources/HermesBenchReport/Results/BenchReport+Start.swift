extension BenchReport {
    /// One start of the workload.
    package struct Start: Codable, Sendable, Equatable {
        /// From 1; the sides take turns in each round.
        package var round: Int
        package var isCold: Bool
        package var outcome: Outcome
        /// Why it did not get to its end; nil where it did.
        package var error: String?
        /// One after the other, without gaps, from the moment at which the image was asked for.
        package var phases: [Phase]
        /// Seconds to the first byte of the answer to the first request, and to the first piece of its content.
        package var firstByteSeconds: Double?
        package var firstTokenSeconds: Double?
        /// Seconds of each request after the first.
        package var warmSeconds: [Double]
        /// Seconds from the begin until the node had the whole image; nil where that was not waited for.
        package var completeSeconds: Double?
        package var transfer: Transfer?
        /// The reads of the image's files, in their order; empty where they are not known.
        package var reads: [Read]

        package init(
            round: Int, isCold: Bool, outcome: Outcome = .complete, error: String? = nil, phases: [Phase] = [],
            firstByteSeconds: Double? = nil, firstTokenSeconds: Double? = nil, warmSeconds: [Double] = [],
            completeSeconds: Double? = nil, transfer: Transfer? = nil, reads: [Read] = []
        ) {
            self.round = round
            self.isCold = isCold
            self.outcome = outcome
            self.error = error
            self.phases = phases
            self.firstByteSeconds = firstByteSeconds
            self.firstTokenSeconds = firstTokenSeconds
            self.warmSeconds = warmSeconds
            self.completeSeconds = completeSeconds
            self.transfer = transfer
            self.reads = reads
        }
    }

    package enum Outcome: String, Codable, Sendable {
        case complete, failed, timedOut = "timed-out"
    }

    /// A part of a start. The sum of all is the time until the workload was of use.
    package struct Phase: Codable, Sendable, Equatable {
        package enum Name: String, Codable, Sendable, CaseIterable {
            /// The reference becomes a manifest.
            case resolve
            /// In a cluster: the Pod waits for a node.
            case schedule
            /// All layers become snapshots: pulled and unpacked, or mounted.
            case pull
            /// The container is made.
            case create
            /// Its process runs.
            case start
            /// Its first output.
            case output
            /// It is ready, as the workload defines it.
            case ready
            /// The answer to the first request.
            case request
        }
        package var name: Name
        /// Seconds since the start began.
        package var start: Double
        package var seconds: Double

        package init(name: Name, start: Double, seconds: Double) {
            self.name = name
            self.start = start
            self.seconds = seconds
        }
    }

    /// What a start cost beside time, up to the end of its phases.
    package struct Transfer: Codable, Sendable, Equatable {
        /// Bytes that came from the registry, and requests for them.
        package var networkBytes: Int64?
        package var requests: Int64?
        package var spans: Int64?
        package var cacheHits: Int64?
        /// The part of the image's bytes that was fetched, from 0 to 1.
        package var imageShare: Double?
        /// Seconds of processor time, and bytes of resident memory, of the process that serves the image.
        package var processorSeconds: Double?
        package var memoryBytes: Int64?

        package init() {}
    }

    /// A read of a file of the image, or several that came close together.
    package struct Read: Codable, Sendable, Equatable {
        /// Seconds since the start began.
        package var at: Double
        package var path: String
        package var bytes: Int64
        package var layer: Int
        /// How long it waited for the registry, in seconds; nil where it did not, or that is not known.
        package var seconds: Double?
        /// Whether the node had the bytes already.
        package var isCached: Bool

        package init(at: Double, path: String, bytes: Int64, layer: Int, seconds: Double? = nil, isCached: Bool) {
            self.at = at
            self.path = path
            self.bytes = bytes
            self.layer = layer
            self.seconds = seconds
            self.isCached = isCached
        }
    }
}
