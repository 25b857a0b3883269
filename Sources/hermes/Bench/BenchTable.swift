/// A table of a bench's results: as text on a terminal, as a table of an HTML file. Its texts hold no control characters.
struct BenchTable {
    let headings: [String]
    /// The columns of numbers.
    let numeric: Set<Int>
    private(set) var rows: [[String]] = []

    init(_ headings: [String], numeric: Set<Int>) {
        self.headings = headings
        self.numeric = numeric
    }

    mutating func append(_ row: [String]) { rows.append(row) }

    var text: String {
        var table = TextTable(headings, numeric: numeric)
        for row in rows { table.append(row) }
        return table.text
    }
}
