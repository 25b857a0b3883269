import CZlib

@testable import HermesCore
@testable import HermesSupport

/// A layer that the fuzzer chose: its entries, and its tar as it is and as a blob.
struct FuzzLayer {
    let entries: [FuzzEntry]
    let content: [UInt8]
    let blob: [UInt8]
    let isGzip: Bool

    /// The most bytes of a layer. Windows are slow to trace and to pack.
    private static let limit = 80_000

    init(_ input: inout FuzzInput) throws {
        let count = 1 + input.byte() % 12
        let form = input.byte()
        var entries: [FuzzEntry] = []
        var archive = FuzzArchive()
        for _ in 0..<count where archive.bytes.count < Self.limit && !input.rest.isEmpty {
            let entry = FuzzEntry(&input)
            archive.append(entry)
            entries.append(entry)
        }
        archive.end(FuzzArchive.Ending.allCases[form % FuzzArchive.Ending.allCases.count])
        self.entries = entries
        content = archive.bytes
        // A mount refuses a plain layer of no bytes, which has no span.
        isGzip = form / 4 % 4 != 0 || content.isEmpty
        blob =
            isGzip ? try Self.gzip(content, members: form / 16 % 4, level: input.byte(), seed: input.byte()) : content
    }

    /// Gzip members one after the other, some of which may be empty; `seed` places the flushes and empty blocks.
    private static func gzip(_ content: [UInt8], members: Int, level: Int, seed: Int) throws -> [UInt8] {
        var blob: [UInt8] = []
        var rest = content[...]
        for member in 0...members {
            let count = member == members ? rest.count : rest.count * (seed >> member & 3) / 4
            blob += try Array(rest.prefix(count)).withUnsafeBytes {
                try GzipForms.deflated($0, Int32(level % 10), seed + member)
            }
            rest = rest.dropFirst(count)
        }
        return blob
    }
}
