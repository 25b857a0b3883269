/// The state of a cached layer's content as a whole: how its SHA-256 compares with the diff ID of an image.
package enum LayerCheck: Sendable, Equatable {
    /// The content was not compared yet.
    case open
    /// The content has that diff ID.
    case verified
    /// The content had another digest once, was forgotten, and is fetched a second time.
    case failedOnce
    /// The content had another digest twice: as each span is that of the index, the index does not fit the image.
    case failed
    /// The content has another diff ID than this image gives for it.
    case contradicted
}

extension SpanStore {
    /// The outcomes as `PresenceFile` numbers them.
    enum Outcome {
        static let right: UInt64 = 1
        static let wrongOnce: UInt64 = 2
        static let wrongTwice: UInt64 = 3
    }

    /// The state of the content against a diff ID.
    package func check(of diffID: Digest) -> LayerCheck {
        let (compared, outcome) = presence.comparison
        guard compared == diffID else {
            // Only one digest can be right, so that an image that lies about its layer costs others nothing.
            return outcome == Outcome.right ? .contradicted : .open
        }
        switch outcome {
        case Outcome.right: return .verified
        case Outcome.wrongOnce: return .failedOnce
        case Outcome.wrongTwice: return .failed
        default: return .open
        }
    }

    /// Reads the whole layer from the cache, compares it with a diff ID and remembers the outcome over a power loss. The
    /// first time that it is another, everything is forgotten, so that it is fetched again.
    ///
    /// All spans must be present. May take long; `isStopped` is asked every MiB. Returns nil when that, or another process
    /// that looks after the layer, kept it from an answer. Throws the file error.
    package func verify(_ diffID: Digest, isStopped: () -> Bool) throws -> LayerCheck? {
        try whileAlone(waiting: 0) {
            let known = check(of: diffID)
            guard known == .open || known == .failedOnce, presentCount == count else { return known }
            try makeDurableAlone()
            guard let isRight = try isContent(of: diffID, isStopped) else { return nil }
            if isRight {
                presence.comparison = (diffID, Outcome.right)
            } else if known == .failedOnce {
                presence.comparison = (diffID, Outcome.wrongTwice)
            } else {
                presence.clear()
                presence.comparison = (diffID, Outcome.wrongOnce)
            }
            try presence.synchronize()
            return check(of: diffID)
        } ?? nil
    }

    /// Whether the data's SHA-256 is `diffID`; nil when it was stopped.
    private func isContent(of diffID: Digest, _ isStopped: () -> Bool) throws -> Bool? {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        var hash = SHA256()
        var offset: Int64 = 0
        while offset < size {
            guard !isStopped() else { return nil }
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(Int64(buffer.count), size - offset))])
            guard try data.read(into: part, at: offset) == part.count else { return false }
            hash.update(UnsafeRawBufferPointer(part))
            offset += Int64(part.count)
        }
        // The SOCI tools do not count the bytes behind a tar's end (SpanInflater), which the diff ID covers. These
        // bytes are zeros, because they fill the last record. GNU tar's records have 10 KiB, and no known tool's have
        // more than 1 MiB.
        let block = UnsafeMutableRawBufferPointer(rebasing: buffer[..<512])
        block.initializeMemory(as: UInt8.self, repeating: 0)
        for _ in 0..<(1 << 20) / 512 {
            if hash.current() == diffID { return true }
            hash.update(UnsafeRawBufferPointer(block))
        }
        return false
    }
}
