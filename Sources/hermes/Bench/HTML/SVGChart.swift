/// A chart as an element of an HTML file, with its name and what it shows as text for readers who do not see it.
enum SVGChart {
    /// `title` and `description` are texts, `body` is SVG, and the axis stands below `bottom`.
    static func svg(
        id: String, title: String, description: String, scale: SVGScale, bottom: Double, body: [String]
    ) -> String {
        """
        <div class="wide"><svg viewBox="0 0 \(SVGScale.width) \(SVGScale.number(bottom + 22))" role="img" aria-labelledby="\(id)-t \(id)-d">
        <title id="\(id)-t">\(title.html())</title>
        <desc id="\(id)-d">\(description.html(2000))</desc>
        \(([scale.svg(bottom: bottom)] + body).joined(separator: "\n"))
        </svg></div>
        """
    }

    /// A text that begins, or with `atEnd` ends, at a place.
    static func text(_ text: String, x: Double, y: Double, class name: String = "label", atEnd: Bool = false) -> String
    {
        let anchor = atEnd ? " text-anchor=\"end\"" : ""
        return "<text class=\"\(name)\" x=\"\(SVGScale.number(x))\" y=\"\(SVGScale.number(y))\"\(anchor)>"
            + "\(text.html(120))</text>"
    }
}
