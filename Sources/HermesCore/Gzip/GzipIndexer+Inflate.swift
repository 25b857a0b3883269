import CZlib
import HermesSupport

extension GzipIndexer {
    /// Takes in the next compressed bytes.
    mutating func advance(
        _ input: UnsafeRawBufferPointer, _ output: (UnsafeRawBufferPointer) throws -> Void, _ hasEnded: () -> Bool
    ) throws {
        compressedHash.update(input)
        var used = 0
        // Where the part of the input that is not yet in a span's digest starts.
        var spanPosition = 0
        scan: while used < input.count || phase == .failed {
            switch phase {
            case .member: try inflateMember(input, &used, &spanPosition, output, hasEnded)
            case .between where input[used] == 0x1f:
                stream.reset(windowBits: InflateStream.gzip)
                phase = .member
            case .between, .padding:
                try skipPadding(input, &used)
            case .failed: throw Self.reuse
            }
        }
        try deliver(output)
        guard let last = input.last else { return }
        lastByte = last
        // Nothing before the first checkpoint belongs to a span.
        if !checkpoints.isEmpty {
            spanHash.update(UnsafeRawBufferPointer(rebasing: input[spanPosition...]))
        }
    }

    /// Inflates until the input or the member ends.
    private mutating func inflateMember(
        _ input: UnsafeRawBufferPointer, _ used: inout Int, _ spanPosition: inout Int,
        _ output: (UnsafeRawBufferPointer) throws -> Void, _ hasEnded: () -> Bool
    ) throws {
        while true {
            var space = buffer.space
            if space.isEmpty {
                try deliver(output)
                buffer.slide()
                space = buffer.space
            }
            // Only the first boundary, and boundaries with more than spanSize bytes since the last checkpoint, become
            // one. Up to spanSize bytes inflate need not stop at each block; from there on it does.
            var flush = Z_BLOCK
            let missing = checkpoints.last.map { spanSize - (uncompressedOffset - $0.uncompressedOffset) } ?? 0
            if missing > 0 {
                flush = Z_NO_FLUSH
                if missing < Int64(space.count) {
                    space = UnsafeMutableRawBufferPointer(rebasing: space[..<Int(missing)])
                }
            }
            // used is at most input.count, as inflate consumes no more than it is given.
            let rest = UnsafeRawBufferPointer(rebasing: input[used...])
            let step = stream.step(rest, into: space, flush: flush)
            if tracer.isActive {
                try trace(UnsafeRawBufferPointer(rebasing: rest[..<step.consumed]))
            }
            used += step.consumed
            compressedOffset += Int64(step.consumed)
            uncompressedOffset += Int64(step.produced)
            buffer.advance(by: step.produced)
            switch step.status {
            case Z_OK: break
            case Z_BUF_ERROR: return
            case Z_STREAM_END:
                phase = .between
                return
            default: throw stream.failure(step.status, at: "at byte \(compressedOffset)")
            }
            if flush == Z_BLOCK, let bits = stream.boundaryBits, isCheckpointDue {
                // The caller learns by the output whether it has ended.
                try deliver(output)
                if !hasEnded() {
                    let fresh = UnsafeRawBufferPointer(rebasing: input[spanPosition..<used])
                    try addCheckpoint(bits: bits, shared: used > 0 ? input[used - 1] : lastByte, endOfSpan: fresh)
                    spanPosition = used
                }
            }
            // With output space left over, inflate has stopped for want of input.
            if used == input.count, step.produced < space.count { return }
        }
    }

    /// zran's rule for a block boundary, but with one checkpoint at offset 0 also where empty blocks or members come
    /// first: the SOCI snapshotter refuses a zTOC with two ("span offsets are non-monotonic").
    private var isCheckpointDue: Bool {
        guard let last = checkpoints.last else { return true }
        return uncompressedOffset - last.uncompressedOffset > spanSize
    }

    /// Ends the current span with the compressed bytes `endOfSpan` and starts the next one here. `shared` is the last
    /// byte consumed, which belongs to both if `bits` is not 0.
    private mutating func addCheckpoint(bits: UInt8, shared: UInt8, endOfSpan: UnsafeRawBufferPointer) throws {
        guard checkpoints.count < Self.maxCheckpoints else {
            throw HermesError(
                .unsupported, "the layer needs more than \(Self.maxCheckpoints) checkpoints",
                advice: "use a larger span size than \(spanSize) bytes")
        }
        if !checkpoints.isEmpty {
            spanHash.update(endOfSpan)
            spanDigests.append(spanHash.finish())
        }
        if bits != 0 {
            withUnsafeBytes(of: shared) { spanHash.update($0) }
        }
        try storeTracedWindow()
        if uncompressedOffset == 0 {
            windows.appendZero()
        } else {
            tracer.start(bits: bits, shared: shared, window: buffer.window)
        }
        checkpoints.append(
            Checkpoint(
                compressedOffset: compressedOffset, uncompressedOffset: uncompressedOffset, bits: bits))
    }

    private mutating func trace(_ input: UnsafeRawBufferPointer) throws {
        tracer.feed(input)
        if tracer.isComplete { try storeTracedWindow() }
    }

    /// Stores the window being traced, if there is one; whole if its trace is cut short by the next checkpoint.
    mutating func storeTracedWindow() throws {
        guard tracer.isActive else { return }
        try tracer.finish { try windows.append($0) }
    }

    /// Accepts zero bytes up to the end of the stream, as gzip does (tapes pad), and nothing else.
    private mutating func skipPadding(_ input: UnsafeRawBufferPointer, _ used: inout Int) throws {
        phase = .padding
        while used < input.count {
            guard input[used] == 0 else {
                throw HermesError(
                    .corrupt, "the gzip data is followed by something else at byte \(compressedOffset)")
            }
            used += 1
            compressedOffset += 1
        }
    }

    private mutating func deliver(_ output: (UnsafeRawBufferPointer) throws -> Void) throws {
        let fresh = buffer.undelivered
        guard !fresh.isEmpty else { return }
        uncompressedHash.update(fresh)
        try output(fresh)
        buffer.markDelivered()
    }
}
