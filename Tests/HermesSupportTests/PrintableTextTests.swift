import Testing

@testable import HermesSupport

@Suite struct PrintableTextTests {
    @Test func controlCharactersAreReplaced() {
        #expect("a\u{0}\n\u{1b}[2J\u{7f}\u{80}\u{9f}\u{200e}\u{2028}é".printable(100) == "a???[2J?????é")
    }

    @Test(arguments: [(0, ""), (1, "a"), (2, "a"), (3, "aé"), (4, "aé"), (5, "aé"), (6, "aé€"), (7, "aé€")])
    func theLimitIsInBytes(limit: Int, text: String) { #expect("aé€".printable(limit) == text) }

    @Test func marksWithoutEndAreCut() {
        let text = "e" + String(repeating: "\u{301}", count: 1000)
        #expect(text.count == 1)
        #expect(text.printable(100).utf8.count == 99)
        #expect(text[...].printable(100).utf8.count == 99)
    }
}
