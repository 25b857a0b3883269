extension BenchTable {
    var html: String {
        let head = row(headings, "th scope=\"col\"", "th")
        return "<div class=\"wide\"><table>\n<thead>\(head)</thead>\n<tbody>\n"
            + rows.map { row($0, "td", "td") }.joined(separator: "\n") + "\n</tbody>\n</table></div>"
    }

    private func row(_ cells: [String], _ open: String, _ close: String) -> String {
        let elements = cells.enumerated().map { column, cell in
            "<\(open)\(numeric.contains(column) ? " class=\"number\"" : "")>\(cell.html())</\(close)>"
        }
        return "<tr>\(elements.joined())</tr>"
    }
}
