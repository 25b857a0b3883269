import HermesTestKit
import Testing

@testable import HermesHTTP

@Suite struct LineBufferTests {
    /// All lines of a text that comes in pieces of `size` bytes; nil for one that is too long.
    private func lines(_ text: String, size: Int, limit: Int) -> [String]? {
        var buffer = LineBuffer(limit: limit)
        var found: [String] = []
        var rest = Array(text.utf8)[...]
        do {
            while !rest.isEmpty {
                Array(rest.prefix(size)).withUnsafeBytes { buffer.append($0) }
                rest = rest.dropFirst(size)
                // Some lines are taken at once, some stay.
                if found.count % 3 != 2, let line = try buffer.next() { found.append(line.text) }
                if buffer.isOverlong { return nil }
            }
            while let line = try buffer.next() { found.append(line.text) }
            if let line = try buffer.rest() { found.append(line.text) }
        } catch {
            return nil
        }
        return found
    }

    @Test(arguments: [
        ("", []), ("\n", [""]), ("\r\n", [""]), ("a", ["a"]), ("a\r", ["a\r"]), ("a\n", ["a"]), ("a\nb", ["a", "b"]),
        ("a\r\n\r\nb\r\n", ["a", "", "b"]), ("\r\r\n", ["\r"]), ("\n\n\n", ["", "", ""]), ("a\rb\n", ["a\rb"]),
        ("1234\n1234\r\n1234", ["1234", "1234", "1234"]), ("1234\r\n\n1\n2\n3\n4\n", ["1234", "", "1", "2", "3", "4"]),
    ])
    func everyCutGivesTheSameLines(text: String, expected: [String]) {
        for size in 1...30 { #expect(lines(text, size: size, limit: 4) == expected) }
    }

    @Test(arguments: ["12345\n", "12345\r\n", "12345", "1234\r", "1234\rx\n", "1\n12345", "1\r\n\r\n12345678\n2\n"])
    func aLongLineIsRefused(text: String) {
        for size in 1...30 { #expect(lines(text, size: size, limit: 4) == nil) }
    }
}
