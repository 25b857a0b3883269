import HermesSupport
import Testing

@Suite struct ByteSizeTests {
    @Test(arguments: [
        ("4096", 4096), ("4k", 4096), ("4MiB", 4 << 20), ("1G", 1 << 30), ("20gib", 20 << 30), ("2T", 2 << 40),
        ("7B", 7),
    ])
    func readsBytes(text: String, count: Int64) { #expect(ByteSize.parse(text) == count) }

    @Test(arguments: [
        "", "MiB", "4 MiB", "-1", "4P", "9999999T", "99999999999999999999", "9223372036854775807G", "1.5M",
    ])
    func refusesWhatIsNoSize(text: String) { #expect(ByteSize.parse(text) == nil) }

    @Test func aSizeIsAboveZero() {
        let error = #expect(throws: HermesError.self) { try ByteSize.read("0G") }
        #expect(error?.code == .usage)
    }

    @Test(arguments: [
        (Int64(0), "0"), (1023, "1023"), (1024, "1K"), (1536, "1536"), (200 << 30, "200G"), (1025 << 20, "1025M"),
        (3 << 40, "3T"), (.max, "9223372036854775807"),
    ])
    func writesWhatItReads(count: Int64, text: String) {
        #expect(ByteSize.text(count) == text)
        #expect(ByteSize.parse(text) == count)
    }
}
