import HermesSupport
import Testing

/// Against YAML 1.2.2, chapter 9.
@Suite struct YAMLDocumentsTests {
    private func texts(_ text: String) throws -> [String?] {
        try YAML.documents(Array(text.utf8), name: "stream").map { $0.isNull ? nil : try $0.string() }
    }

    @Test func readsEveryDocument() throws {
        #expect(try texts("a") == ["a"])
        #expect(try texts("---\na\n---\nb\n...\n---\n# nothing\n---\nc\n") == ["a", "b", nil, "c"])
    }

    @Test func endsAnchorsWithTheirDocument() {
        #expect(throws: HermesError.self) { try YAML.documents(Array("a: &x 1\n---\nb: *x".utf8), name: "stream") }
    }

    @Test func boundsAllDocumentsTogether() {
        let stream = Array(String(repeating: "---\na\n", count: 11).utf8)
        #expect(throws: HermesError.self) {
            try YAML.documents(stream, name: "stream", limits: YAML.Limits(nodes: 10))
        }
        #expect(throws: Never.self) { try YAML.documents(stream, name: "stream", limits: YAML.Limits(nodes: 11)) }
    }
}
