import HermesSupport
import Testing

/// Against the test vectors of RFC 4648 section 10.
@Suite struct Base64Tests {
    @Test(arguments: ["": "", "f": "Zg==", "fo": "Zm8=", "foo": "Zm9v", "foobar": "Zm9vYmFy"])
    func theTextIsThatOfTheSpecification(bytes: String, text: String) {
        #expect(Base64.encode(Array(bytes.utf8)) == text)
        #expect(Base64.decode(text) == Array(bytes.utf8))
        #expect(Base64.decode(" \(text.map { "\($0)\r\n" }.joined())\t") == Array(bytes.utf8))
    }

    @Test(arguments: ["Zg", "Z", "Zg=", "Zm9v*", "Zm9v-_", "ä"]) func anythingElseIsRefused(text: String) {
        #expect(Base64.decode(text) == nil)
    }
}
