import HermesCore
import HermesSupport
import Testing

@testable import HermesController

/// What requests say, against the rules of RFC 3986 and RFC 9110.
@Suite struct RequestTextTests {
    private static let digest = "sha256:" + String(repeating: "a", count: 64)

    @Test func pathsAreTakenByteByByte() throws {
        let digest = try Digest(Self.digest)
        #expect(ArtifactRoute.parse("/v1/blobs/\(Self.digest)").route == .blob(digest))
        #expect(ArtifactRoute.parse("/v1/blobs/sha256%3a" + Self.digest.dropFirst(7) + "?x").route == .blob(digest))
        #expect(ArtifactRoute.parse("/v1/artifacts?limit=1?2") == (.artifacts, "limit=1?2"))
        #expect(ArtifactRoute.parse("/v1/artifacts").query.isEmpty)
        for path in [
            "..%2fx", "%2e%2e/x", "", "../../etc/passwd", "sha256:A", "\(Self.digest)/", "\(Self.digest)%00", "%",
        ] {
            #expect(ArtifactRoute.parse("/v1/blobs/\(path)").route == .blob(nil))
        }
        for path in ["", "/", "/v1", "//healthz", "/healthz/", "/%68ealthz", "/v1/../healthz", "*", "http://x/healthz"]
        {
            #expect(ArtifactRoute.parse(path).route == .unknown)
        }
    }

    @Test func queriesAreDecoded() throws {
        let query = try RequestQuery("image=a%2Fb+c&image=d&empty=&&flag&n=007&big=9223372036854775808")
        #expect(query["image"] == "a/b c")
        #expect(query["empty"] == nil && query["flag"] == nil && query["none"] == nil)
        #expect(try query.number("n", in: 1...9, fallback: 3) == 7)
        #expect(try query.number("none", in: 1...9, fallback: 3) == 3)
        #expect(throws: HermesError.self) { try query.number("n", in: 8...9, fallback: 3) }
        #expect(throws: HermesError.self) { try query.number("big", in: 0...Int64.max, fallback: 3) }
        for text in ["a=%", "a=%1", "a=%zz", "%ff=1", "a=%c3%28"] {
            #expect(throws: HermesError.self) { try RequestQuery(text) }
        }
    }

    @Test func rangesHaveEdges() {
        func range(_ text: String, _ size: Int64 = 10) -> ByteRangeRequest { .init(text, size: size) }
        #expect(range("bytes=0-0") == .part(0..<1))
        #expect(range("bytes=9-") == .part(9..<10))
        #expect(range("Bytes=2-99999999999999999999999") == .part(2..<10))
        #expect(range("bytes=-3") == .part(7..<10))
        #expect(range("bytes=-30") == .part(0..<10))
        #expect(range("bytes=0-9223372036854775807") == .part(0..<10))
        for text in ["bytes=10-", "bytes=10-12", "bytes=-0", "bytes=99999999999999999999-"] {
            #expect(range(text) == .unsatisfiable)
        }
        #expect(range("bytes=0-", 0) == .unsatisfiable)
        #expect(range("bytes=-1", 0) == .unsatisfiable)
        for text in [
            "bytes=3-2", "bytes=-", "bytes=a-b", "bytes=0-1,3-4", "lines=0-1", "bytes", "bytes=+1-2", "bytes=1--2",
        ] {
            #expect(range(text) == .whole)
        }
        #expect(ByteRangeRequest(nil, size: 10) == .whole)
    }

    @Test func entityTagsAndCodings() {
        #expect(RequestConditions.matches("\"a\", W/\"b\"", "\"b\""))
        #expect(RequestConditions.matches("*", "\"b\""))
        #expect(!RequestConditions.matches("\"a\",b", "\"b\""))
        #expect(!RequestConditions.matches(nil, "\"b\""))
        for header in ["zstd", "gzip, ZSTD;q=0.5", "br;q=1 , zstd ; q=1.0"] {
            #expect(RequestConditions.accepts(header, "zstd"))
        }
        for header in ["", "gzip", "*", "zstd;q=0", "zstd; q=0.000", "xzstd"] {
            #expect(!RequestConditions.accepts(header, "zstd"))
        }
    }
}
