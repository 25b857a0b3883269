import Testing

@testable import HermesCore
@testable import HermesSupport

@Suite struct DigestTests {
    @Test func hashesAndPrints() throws {
        // FIPS 180-4's example for "abc".
        let digest = Digest.of(Array("abc".utf8))
        #expect(
            digest.description == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(try Digest(digest.description) == digest)
    }

    @Test(arguments: [
        "", "sha256:", "sha512:" + String(repeating: "0", count: 64),
        "sha256:" + String(repeating: "A", count: 64), "sha256:../" + String(repeating: "0", count: 61),
    ])
    func refusesWhatIsNoSHA256(text: String) {
        #expect(throws: HermesError.self) { try Digest(text) }
    }
}
