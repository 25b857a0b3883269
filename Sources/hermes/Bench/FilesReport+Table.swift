import HermesBench
import HermesCore
import HermesSupport

extension FilesReport {
    /// Rows of a table for people; the JSON has all.
    private static let rows = 50
    private static let untouchedRows = 20

    /// The report for people. Names of files come from the image, and cannot move the terminal.
    var table: String {
        let seconds = content.phases.last.map { $0.start + $0.seconds } ?? 0
        let headline =
            "\(workload.image.printable(300)): what a start of \(Quantity.duration(seconds: seconds)) touched, and what not."
            + " Sizes are uncompressed where they are not those of the registry."
        return
            ([headline] + [layerTable, touchedTable, folderTable, fileTable].filter { !$0.rows.isEmpty }.map(\.text))
            .joined(separator: "\n\n")
    }

    private var layerTable: BenchTable {
        var table = BenchTable(
            [
                "LAYER", "DIGEST", "IN THE REGISTRY", "FILES", "SIZE", "TOUCHED FILES", "TOUCHED", "NEVER TOUCHED",
                "SHARE",
            ],
            numeric: [0, 2, 3, 4, 5, 6, 7, 8])
        for (index, layer) in content.layers.enumerated() {
            let rest = layer.fileBytes - layer.touchedFileBytes
            table.append([
                "\(index)", "\(layer.digest)".printable(19), Quantity.bytes(layer.bytes), "\(layer.files)",
                Quantity.bytes(layer.fileBytes), "\(layer.touchedFiles)", Quantity.bytes(layer.touchedFileBytes),
                Quantity.bytes(rest), Quantity.percent(rest, of: layer.fileBytes),
            ])
        }
        return table
    }

    private var touchedTable: BenchTable {
        var table = BenchTable(
            ["TOUCHED FILE", "LAYER", "SIZE", "READ", "WAITED FOR", "FIRST AT"], numeric: [1, 2, 3, 4, 5])
        for file in content.touched.prefix(Self.rows) {
            table.append([
                file.path.printable(300), "\(file.layer)", Quantity.bytes(file.bytes), Quantity.bytes(file.readBytes),
                Quantity.bytes(file.fetchedBytes), Quantity.duration(seconds: file.at),
            ])
        }
        let more = content.layers.reduce(0) { $0 + $1.touchedFiles } - min(content.touched.count, Self.rows)
        if more > 0 { table.append(["and \(more) more", "", "", "", "", ""]) }
        return table
    }

    private var folderTable: BenchTable {
        var table = BenchTable(["FOLDER NEVER TOUCHED", "FILES", "SIZE"], numeric: [1, 2])
        for folder in content.untouchedFolders.prefix(Self.untouchedRows) {
            table.append([folder.path.printable(300), "\(folder.files)", Quantity.bytes(folder.bytes)])
        }
        return table
    }

    private var fileTable: BenchTable {
        var table = BenchTable(["FILE NEVER TOUCHED", "LAYER", "SIZE"], numeric: [1, 2])
        for file in content.untouchedFiles.prefix(Self.untouchedRows) {
            table.append([file.path.printable(300), "\(file.layer)", Quantity.bytes(file.bytes)])
        }
        return table
    }
}
