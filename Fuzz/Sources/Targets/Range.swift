@testable import HermesCore
@testable import HermesHTTP

extension FuzzTarget {
    /// The head of an answer to a Range request, and its body in pieces.
    static let range = FuzzTarget(name: "range") { bytes in
        var input = FuzzInput(bytes)
        let start = Int64(input.byte()) << (input.byte() % 48)
        let wanted = start..<start + 1 + Int64(input.byte())
        let seed = input.byte()
        let url = try HTTPURL("https://registry.example/v2/a/blobs/b")
        var parser = HTTPHeadParser(url: url)
        var found: HTTPHead?
        while found == nil, !input.rest.isEmpty { found = try parser.line(input.line()) }
        guard let head = found else { return }
        _ = RetryPolicy.asked(by: head)
        _ = head["location"].flatMap { try? HTTPURL($0, relativeTo: url) }
        var reply = try RangeReply(head, wanted: wanted, name: "blob")
        var taken: Int64 = 0
        try inPieces(input.rest, seed: seed) { piece in
            taken += Int64(try reply.take(piece).count)
            check(taken + reply.left == wanted.upperBound - wanted.lowerBound, "bytes were lost")
        }
        try reply.end()
        check(taken == Int64(wanted.count), "a range that is not complete ended well")
    }
}
