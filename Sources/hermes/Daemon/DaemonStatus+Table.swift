import HermesCore
import HermesDaemon
import HermesSupport

extension DaemonStatus {
    /// The status for people. Names and messages come from elsewhere, and cannot move the terminal.
    var table: String {
        let uptime = Quantity.duration(milliseconds: Double(uptimeSeconds) * 1000)
        var parts = ["hermes \(version), \(ready ? "ready" : "not ready"), up \(uptime)"]
        parts.append(images.isEmpty ? "no image is mounted" : imageTable)
        let errors = images.compactMap { image in
            image.lastError.map { "\(image.image.printable(300)): \($0.time) \($0.message.printable(500))" }
        }
        if !errors.isEmpty { parts.append("last errors:\n" + errors.joined(separator: "\n")) }
        if !lost.isEmpty {
            let lines = lost.map { "\($0.image.printable(300)): \($0.cause.printable(500))" }
            parts.append("lost, so that their containers have to be started again:\n" + lines.joined(separator: "\n"))
        }
        if !left.isEmpty { parts.append(leftTable) }
        return parts.joined(separator: "\n\n")
    }

    private var imageTable: String {
        var table = TextTable(
            ["IMAGE", "MANIFEST", "LAYERS", "SIZE", "HERE", "FETCHED", "STATE", "WAITING", "ERRORS"],
            numeric: [2, 3, 4, 5, 7, 8])
        for image in images {
            table.append([
                image.image.printable(300), Self.short(image.manifest), "\(image.layers)",
                Quantity.bytes(image.uncompressedBytes), "\(Quantity.decimal(image.presentPercent, 2)) %",
                Quantity.bytes(image.fetchedBytes),
                image.verified ? "verified" : image.complete ? "complete" : "fetching", "\(image.parkedReads)",
                "\(image.errors)",
            ])
        }
        return table.text
    }

    private var leftTable: String {
        var table = TextTable(["LEFT TO CONTAINERD", "TIME", "RESULT", "CAUSE"], numeric: [])
        for image in left {
            table.append([
                image.image?.printable(300) ?? "-", image.time.printable(40), image.result.rawValue,
                image.cause.printable(500),
            ])
        }
        return table.text
    }

    /// The first digits of a digest, as programs around images show them.
    private static func short(_ digest: Digest) -> String { String(digest.hex.prefix(12)) }
}
