/// Rows under headings, in columns as wide as their widest cell.
struct TextTable {
    private let headings: [String]
    private let numeric: Set<Int>
    private var rows: [[String]] = []

    /// The columns in `numeric` stand flush right.
    init(_ headings: [String], numeric: Set<Int>) {
        self.headings = headings
        self.numeric = numeric
    }

    mutating func append(_ row: [String]) { rows.append(row) }

    var text: String {
        let all = [headings] + rows
        let widths = headings.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            let cells = row.indices.map { column -> String in
                let padding = String(repeating: " ", count: widths[column] - row[column].count)
                return numeric.contains(column) ? padding + row[column] : row[column] + padding
            }
            return String(cells.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
        }.joined(separator: "\n")
    }
}
