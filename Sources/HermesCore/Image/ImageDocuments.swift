/// Where an image's documents come from: its manifests and its configuration. Can be used from any thread.
package protocol ImageDocuments: Sendable {
    /// The image's name as the user gave it; canonical, and fit for messages.
    var name: String { get }

    /// The manifest or index that the name stands for, not yet chosen by platform.
    func root() async throws -> Descriptor

    /// Reads a manifest or an index, its digest checked.
    func readManifest(_ descriptor: Descriptor) async throws -> [UInt8]

    /// Reads a blob of at most `limit` bytes, its digest checked.
    func readBlob(_ descriptor: Descriptor, limit: Int) async throws -> [UInt8]
}
