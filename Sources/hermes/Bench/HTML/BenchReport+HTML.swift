import HermesBenchReport
import HermesCore
import HermesSupport

extension BenchReport {
    /// The report as one HTML file that needs nothing else: it has no script, and its policy (W3C, "Content Security Policy Level
    /// 3") allows its own style alone, so that no text of a report could do anything even as markup. The report is checked.
    var html: String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8"/>
        <meta http-equiv="Content-Security-Policy" content="\(Self.policy)"/>
        <meta name="viewport" content="width=device-width"/>
        <title>Cold starts of \(workload.image.html(200))</title>
        <style>\(Self.style)</style>
        </head>
        <body>
        <main>
        <h1>Cold starts of \(workload.image.html(300))</h1>
        <p>\(headline.html(1000))</p>
        \(facts)
        \(sections)
        </main>
        </body>
        </html>

        """
    }

    private static var policy: String {
        let hash = withUnsafeBytes(of: Digest.of(Array(style.utf8)).words) { Base64.encode(Array($0)) }
        return "default-src 'none'; style-src 'sha256-\(hash)'; base-uri 'none'; form-action 'none'"
    }

    private var facts: String {
        let known: [(String, String?)] = [
            ("manifest", workload.manifest), ("command", workload.commandLine), ("ready", workload.ready),
            ("first request", workload.request), ("made by", "\(tool.name) \(tool.version)"),
        ]
        let items = known.compactMap { name, text in text.map { "<dt>\(name)</dt><dd>\($0.html(2000))</dd>" } }
        return "<dl>\n\(items.joined(separator: "\n"))\n</dl>"
    }

    private var sections: String {
        let summary = BenchSummary(self)
        var sections: [(title: String, content: String)] = []
        if let waterfall = BenchWaterfall(self).html { sections.append(("Phases of the median cold start", waterfall)) }
        for measure in [BenchMeasure.total, .untilReady] {
            if let dots = BenchDots(summary, measure).html { sections.append(("Each start: \(measure.name)", dots)) }
        }
        for (title, table, note) in tables {
            sections.append((title, table.html + (note.map { "\n<p>\($0.html())</p>" } ?? "")))
        }
        let reads = sides.enumerated().compactMap { BenchReads($1, number: $0)?.html }
        if !reads.isEmpty { sections.append(("Reads over time", Self.keys + reads.joined(separator: "\n"))) }
        return sections.map { "<section>\n<h2>\($0.title.html())</h2>\n\($0.content)\n</section>" }.joined(
            separator: "\n")
    }

    /// The legend of the reads.
    private static var keys: String {
        let items = ["registry", "cache"].map { name in
            "<li><svg class=\"key\" viewBox=\"0 0 10 10\" aria-hidden=\"true\"><circle class=\"\(name)\" cx=\"5\" cy=\"5\" "
                + "r=\"5\"/></svg> from the \(name)</li>"
        }
        return "<ul class=\"legend\">\(items.joined())<li>the area of a dot is the number of bytes</li></ul>\n"
    }
}
