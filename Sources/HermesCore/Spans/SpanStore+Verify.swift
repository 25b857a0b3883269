import HermesSupport

extension SpanStore {
    /// The outcomes as `PresenceFile` numbers them.
    enum Outcome {
        static let right: UInt64 = 1
        static let wrongOnce: UInt64 = 2
        static let wrongTwice: UInt64 = 3
        static let forged: UInt64 = 4
    }

    /// The state of the content against a diff ID.
    package func check(of diffID: Digest) -> LayerCheck {
        let (compared, outcome) = presence.comparison
        // The zTOC is the store's own, so a zTOC that lies does so for every image.
        if outcome == Outcome.forged { return .forged }
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

    /// Reads the whole layer from the cache, compares it with a diff ID and with the layer's zTOC, and remembers the outcome
    /// over a power loss. The first time that the digest is another, everything is forgotten, so that it is fetched again.
    ///
    /// All spans must be present. `ztoc` opens the zTOC that the spans were compiled from; it is called at most once. May
    /// take long; `isStopped` is asked before every MiB, and may wait. Returns nil when that, or another process that looks
    /// after the layer, kept it from an answer. `difference` says what the zTOC gives otherwise than the layer, when this
    /// call has found it. Throws the file error, and the errors of `ztoc`.
    func verify(
        _ diffID: Digest, ztoc: () throws -> MappedFile, isStopped: () -> Bool
    ) throws -> (check: LayerCheck, difference: HermesError?)? {
        try whileAlone(waiting: 0) {
            let known = check(of: diffID)
            guard known == .open || known == .failedOnce, presentCount == count else { return (known, nil) }
            try makeDurableAlone()
            let file = try ztoc()
            let result = try withExtendedLifetime(file) {
                try compare(diffID, try ZTOCView(file.readOnly), isStopped)
            }
            // What was compared with zeros in place of the zTOC says nothing of it.
            try file.checkRead()
            guard let (isRight, difference) = result else { return nil }
            if isRight {
                presence.comparison = (diffID, difference == nil ? Outcome.right : Outcome.forged)
            } else if known == .failedOnce {
                presence.comparison = (diffID, Outcome.wrongTwice)
            } else {
                presence.clear()
                presence.comparison = (diffID, Outcome.wrongOnce)
            }
            try presence.synchronize()
            return (check(of: diffID), isRight ? difference : nil)
        } ?? nil
    }

    /// Whether the data's SHA-256 is `diffID`, and what the zTOC gives otherwise than the data's tar; nil when it was
    /// stopped.
    private func compare(
        _ diffID: Digest, _ view: ZTOCView, _ isStopped: () -> Bool
    ) throws -> (isRight: Bool, difference: HermesError?)? {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        var pass = ContentPass(view)
        var offset: Int64 = 0
        while offset < size {
            guard !isStopped() else { return nil }
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(Int64(buffer.count), size - offset))])
            guard try data.read(into: part, at: offset) == part.count else { return (false, nil) }
            pass.consume(UnsafeRawBufferPointer(part))
            offset += Int64(part.count)
        }
        // The SOCI tools do not count the bytes behind a tar's end (SpanInflater), which the diff ID covers. These
        // bytes are zeros, because they fill the last record. GNU tar's records have 10 KiB, and no known tool's have
        // more than 1 MiB.
        let block = UnsafeMutableRawBufferPointer(rebasing: buffer[..<512])
        block.initializeMemory(as: UInt8.self, repeating: 0)
        for _ in 0..<(1 << 20) / 512 {
            if pass.digest == diffID {
                pass.finish()
                return (true, pass.difference)
            }
            pass.consume(UnsafeRawBufferPointer(block))
        }
        return (false, nil)
    }
}
