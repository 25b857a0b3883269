import HermesSupport

/// What a bench measured, as `--format json` writes it and `hermes bench compare` reads it (docs/bench.md has the fields).
///
/// A start that failed is kept with what is known of it, and is never part of a median.
package struct BenchReport: Codable, Sendable, Equatable {
    /// Fields are added under the same number; a change of meaning gets another.
    package static let currentFormat = 1

    package var format = Self.currentFormat
    package var tool: Tool
    /// When the bench began, as RFC 3339 has it.
    package var taken: String
    package var machine: Machine
    package var workload: Workload
    /// What is compared, in the order asked for: snapshotters of a node, or pools of a cluster.
    package var sides: [Side]

    package init(tool: Tool = Tool(), taken: String, machine: Machine, workload: Workload, sides: [Side]) {
        self.tool = tool
        self.taken = taken
        self.machine = machine
        self.workload = workload
        self.sides = sides
    }

    package struct Tool: Codable, Sendable, Equatable {
        package var name = "hermes bench"
        package var version = HermesVersion.current

        package init() {}
    }

    /// Where it was measured: figures of two machines are not compared.
    package struct Machine: Codable, Sendable, Equatable {
        package var kernel: String
        package var processors: Int
        package var memoryBytes: Int64
        /// The version of containerd, or of the cluster.
        package var runtime: String

        package init(kernel: String, processors: Int, memoryBytes: Int64, runtime: String) {
            self.kernel = kernel
            self.processors = processors
            self.memoryBytes = memoryBytes
            self.runtime = runtime
        }
    }

    package struct Workload: Codable, Sendable, Equatable {
        package var image: String
        /// The digest of the manifest that was started; nil where it is not known.
        package var manifest: String?
        /// The bytes of its layers as the registry has them; nil where they are not known.
        package var imageBytes: Int64?
        /// What was run; empty for what the image says.
        package var command: [String]
        /// What makes it ready, in words ("http http://127.0.0.1:80/"); nil where its end does.
        package var ready: String?
        /// What the first request was, in words; nil where there was none.
        package var request: String?

        package init(
            image: String, manifest: String? = nil, imageBytes: Int64? = nil, command: [String] = [],
            ready: String? = nil, request: String? = nil
        ) {
            self.image = image
            self.manifest = manifest
            self.imageBytes = imageBytes
            self.command = command
            self.ready = ready
            self.request = request
        }
    }

    /// One of the things that are compared.
    package struct Side: Codable, Sendable, Equatable {
        package var name: String
        package var starts: [Start]

        package init(name: String, starts: [Start] = []) {
            self.name = name
            self.starts = starts
        }
    }
}
