import HermesBench
import HermesBenchReport
import HermesSupport
import HermesTestKit
import Testing

@testable import hermes

@Suite struct BenchHTMLTests {
    private static func report(_ change: (inout BenchReport) -> Void = { _ in }) throws -> BenchReport {
        var report = try BenchReport.read(BenchReportFixture.bytes(), name: "the fixture")
        change(&report)
        try report.check()
        return report
    }

    @Test func hasTheChartsAndTheTables() throws {
        let html = try Self.report().html
        for id in ["waterfall", "dots-total", "dots-ready", "reads-1"] { #expect(html.contains("id=\"\(id)-t\"")) }
        // One chart each, and the keys of two legends: seven phases, two places.
        #expect(html.ranges(of: "role=\"img\"").count == 4)
        #expect(html.ranges(of: "class=\"key\"").count == 9)
        // The bars of two starts, a dot for each complete start and measure, one for each read.
        #expect(html.ranges(of: "<rect class=\"pull\" x=").count == 2)
        #expect(html.ranges(of: "<circle class=\"cold\"").count == 16)
        #expect(html.ranges(of: "<circle class=\"warm\"").count == 20)
        #expect(html.ranges(of: "<circle class=\"registry\" cx=\"").count == 9 + 1)
        #expect(html.contains("hermes: 13.0 s (round 5)"))
        #expect(html.contains("<td class=\"number\">46.5 s ± 2.0 s</td>"))
        #expect(html.contains("not ready after 600 s"))
    }

    /// Charts keep a size at which their texts can be read, and scroll by themselves in a narrow window.
    @Test func chartsAreReadableInNarrowWindows() throws {
        let html = try Self.report().html
        #expect(html.ranges(of: "<div class=\"wide\"><svg viewBox").count == 4)
        #expect(html.contains("min-width:52rem") && html.contains(".wide{overflow-x:auto}"))
    }

    @Test func notesAreThoseOfTheirTables() throws {
        let html = try Self.report().html
        #expect(html.ranges(of: "medians ± median absolute deviations").count == 2)
        #expect(html.ranges(of: "<p>Of the cold and the warm starts that completed.</p>").count == 1)
    }

    /// Nothing is fetched and nothing runs: the policy names the style by its hash, which Python computes as well.
    @Test func needsNothingElse() async throws {
        let html = try Self.report().html
        for text in ["<script", "src=", "href=", "url(", "@import", "style="] {
            #expect(!html.contains(text), "\(text)")
        }
        #expect(html.contains("content=\"default-src 'none'; style-src 'sha256-"))
    }

    /// Every text of a report is hostile, and none becomes markup.
    @Test func textsAreEscaped() throws {
        let hostile = "</title></svg><script>alert('1')</script>\"&<!--\u{1b}\u{202e}\n]]>"
        let html = try Self.report { report in
            report.workload.image = hostile
            report.workload.manifest = hostile
            report.workload.command = [hostile]
            report.workload.ready = hostile
            report.workload.request = hostile
            report.tool.name = hostile
            report.tool.version = hostile
            report.machine.kernel = hostile
            report.machine.runtime = hostile
            report.sides[0].name = "<b onclick='x'>\"&"
            report.sides[1].starts[2].error = hostile
            report.sides[1].starts[0].reads[0].path = hostile
        }.html
        for text in ["<script", "<b ", "<!--", "]]>", "alert('", "\u{1b}", "\u{202e}", "\"&<"] {
            #expect(!html.contains(text), "\(text)")
        }
        #expect(html.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;&lt;!--???]]&gt;"))
        #expect(html.contains("&lt;b onclick=&#39;x&#39;&gt;&quot;&amp;: 46.5 s (round 3)"))
    }

    @Test func extremesAreDrawn() throws {
        let html = try Self.report { report in
            let zero = BenchReport.Start(round: 1, isCold: true, phases: [.init(name: .ready, start: 0, seconds: 0)])
            var long = BenchReport.Start(
                round: 2, isCold: true, phases: [.init(name: .ready, start: 0, seconds: 86_400)])
            long.reads = (0..<6000).map {
                .init(at: 86_400, path: "", bytes: 1 << 60, layer: $0 % 100, isCached: false)
            }
            report.sides = [
                .init(name: "zero", starts: [zero]), .init(name: "none"),
                .init(name: "long", starts: Array(repeating: long, count: 3)),
            ]
        }.html
        #expect(html.contains("The first 5000 are drawn."))
        #expect(!html.contains("nan") && !html.contains("inf"))
    }

    @Test func aReportWithoutCompleteStartsHasNoCharts() throws {
        let html = try Self.report { $0.sides = [.init(name: "none")] }.html
        #expect(!html.contains("<svg"))
        #expect(html.hasSuffix("</html>\n"))
    }

    @Test(arguments: [0, 0.0004, 0.9, 1, 7, 59, 61, 1000, 86_400])
    func scalesHaveAFewMarks(_ maximum: Double) {
        let scale = SVGScale(maximum: maximum)
        #expect((1...11).contains(scale.svg(bottom: 1).ranges(of: "<line").count))
        #expect(scale.x(0) == SVGScale.left)
        #expect(scale.x(maximum) <= SVGScale.right)
        #expect(maximum < 0.001 || scale.x(maximum) > (SVGScale.left + SVGScale.right) / 2)
    }
}
