import HermesCore
import Testing

@testable import hermes

@Suite struct ProgressLineTests {
    private let start = Monotonic.now()
    private func look(_ milliseconds: Int, _ present: Int64, _ fetched: Int64, parked: Int = 0) -> ProgressLine.Look {
        ProgressLine.Look(
            time: start.adding(milliseconds: milliseconds), present: present << 20, fetched: fetched << 20,
            parked: parked)
    }

    @Test func withoutFill() {
        var line = ProgressLine(whole: 100 << 20, fill: false)
        #expect(line.text(look(0, 10, 0)) == "10 % of 100.0 MiB here, 0 B fetched")
        #expect(
            line.text(look(1000, 14, 4, parked: 1))
                == "14 % of 100.0 MiB here, 4.0 MiB fetched, 4.0 MiB/s, 1 read waiting")
        #expect(line.text(look(2000, 14, 4, parked: 2)).hasSuffix("2.0 MiB/s, 2 reads waiting"))
        // The speed is that of the last seconds.
        #expect(line.text(look(9000, 14, 4)) == "14 % of 100.0 MiB here, 4.0 MiB fetched")
    }

    @Test func withFill() {
        var line = ProgressLine(whole: 100 << 20, fill: true)
        _ = line.text(look(0, 0, 0))
        #expect(
            line.text(look(2000, 50, 50))
                == "[############............] 50 % of 100.0 MiB here, 50.0 MiB fetched, 25.0 MiB/s, 2.0 s left")
        #expect(line.text(look(3000, 100, 100)).contains("100 % of"))
        #expect(!line.text(look(3100, 100, 100)).contains("left"))
    }

    @Test func emptyImage() {
        var line = ProgressLine(whole: 0, fill: true)
        #expect(line.text(look(0, 0, 0)).contains("100 % of 0 B here"))
    }
}
