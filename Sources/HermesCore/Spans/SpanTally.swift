/// How many of a layer's spans are somewhere, and the bytes that they are.
package struct SpanTally: Sendable, Equatable {
    /// The number of spans.
    package var spans = 0
    /// Their bytes in the blob.
    package var compressedBytes: Int64 = 0
    /// Their bytes in the uncompressed layer.
    package var uncompressedBytes: Int64 = 0

    /// The sum of two tallies.
    static func + (left: SpanTally, right: SpanTally) -> SpanTally {
        SpanTally(
            spans: left.spans + right.spans, compressedBytes: left.compressedBytes + right.compressedBytes,
            uncompressedBytes: left.uncompressedBytes + right.uncompressedBytes)
    }
}

extension LazyLayer {
    /// All of the layer.
    package var whole: SpanTally {
        SpanTally(
            spans: count, compressedBytes: spans.compressedSize, uncompressedBytes: spans.uncompressedSize)
    }

    /// The spans of the layer that the cache has. The computation looks at every span.
    package var present: SpanTally {
        var tally = SpanTally()
        for span in 0..<count where isPresent(span) {
            // Up to the next span's start: neighbours share a byte, which counts once. Starts of a hostile index that go
            // backwards count as nothing.
            let start = spans.record(span).pointee.compressedStart
            let end = span + 1 < count ? spans.record(span + 1).pointee.compressedStart : spans.compressedSize
            tally.spans += 1
            tally.compressedBytes += max(0, end - start)
            tally.uncompressedBytes += Int64(spans.uncompressedRange(span).count)
        }
        // The first span begins behind the blob's header, which no request fetches by itself.
        if tally.spans == count { tally.compressedBytes = spans.compressedSize }
        return tally
    }
}
