import HermesSupport

extension BenchReport {
    /// The most bytes of a file that is read as a report.
    package static let maxBytes = 64 << 20
    private static let maxSides = 16
    /// Of all sides together, so that comparing ends in seconds.
    private static let maxStarts = 10_000
    /// The largest time, a day in seconds: the sum of all starts in nanoseconds fits an Int64.
    private static let maxSeconds = 86_400.0
    /// The largest number of bytes or requests: a median of them fits an Int64.
    private static let maxCount: Int64 = 1 << 60
    /// How far apart the end of a phase and the begin of the next may be, in seconds: both may have been rounded.
    private static let gap = 0.01

    /// Reads a report, which `name` names in errors. Throws `corrupt`, and `unsupported` for a report of another format.
    package static func read(_ bytes: [UInt8], name: String) throws -> BenchReport {
        struct Header: Decodable { let format: Int }
        // First by itself: another format may have other fields.
        try check(format: try JSON.decode(Header.self, from: bytes, name: name).format, name)
        let report = try JSON.decode(BenchReport.self, from: bytes, name: name)
        do {
            try report.check()
        } catch let error as HermesError {
            throw HermesError(error.code, "\(name) is not a valid report", cause: error)
        }
        return report
    }

    /// Checks what decoding does not: ranges of numbers, names, and the order of phases. Throws `corrupt`, and `unsupported` for
    /// another format. What computes with a report demands a checked one.
    package func check() throws {
        try Self.check(format: format, "the report")
        guard RFC3339.isTime(taken) else { throw Self.fault("\"\(taken.printable(40))\" is not a time") }
        try Self.check(count: machine.memoryBytes, "the machine's memory")
        try Self.check(count: Int64(machine.processors), "the number of processors")
        if let bytes = workload.imageBytes { try Self.check(count: bytes, "the image's size") }
        guard (1...Self.maxSides).contains(sides.count) else {
            throw Self.fault("it has \(sides.count) sides, not 1 to \(Self.maxSides)")
        }
        guard sides.reduce(0, { $0 + $1.starts.count }) <= Self.maxStarts else {
            throw Self.fault("it has more than \(Self.maxStarts) starts")
        }
        var names: Set<String> = []
        for side in sides {
            // Bounded and plain as it is, a name stays another than that of the other sides wherever it is shown.
            guard !side.name.isEmpty, side.name.printable(100) == side.name else {
                throw Self.fault("\"\(side.name.printable(100))\" is not a name of 1 to 100 bytes of a side")
            }
            guard names.insert(side.name).inserted else { throw Self.fault("two sides have the name \(side.name)") }
            for (index, start) in side.starts.enumerated() {
                do {
                    try Self.check(start)
                } catch let error as HermesError {
                    throw HermesError(error.code, "start \(index + 1) of \(side.name)", cause: error)
                }
            }
        }
    }

    private static func check(_ start: Start) throws {
        try check(count: Int64(start.round), "the round")
        guard !start.isComplete || !start.phases.isEmpty else { throw fault("it is complete and has no phases") }
        var names: Set<Phase.Name> = []
        var end = 0.0
        for phase in start.phases {
            let name = phase.name.rawValue
            try check(seconds: phase.start, "the begin of \(name)")
            try check(seconds: phase.seconds, "the duration of \(name)")
            guard names.insert(phase.name).inserted else { throw fault("it has the phase \(name) twice") }
            guard abs(phase.start - end) <= gap else {
                throw fault("\(name) begins at \(phase.start) s and not at \(end) s, where the phase before it ends")
            }
            end = phase.end
        }
        try check(seconds: start.firstByteSeconds ?? 0, "the time of the first byte")
        try check(seconds: start.firstTokenSeconds ?? 0, "the time of the first token")
        try check(seconds: start.completeSeconds ?? 0, "the time of the whole image")
        for seconds in start.warmSeconds { try check(seconds: seconds, "a warm request") }
        if let transfer = start.transfer { try check(transfer) }
        for read in start.reads {
            try check(seconds: read.at, "the time of a read")
            try check(seconds: read.seconds ?? 0, "the duration of a read")
            try check(count: read.bytes, "the size of a read")
            try check(count: Int64(read.layer), "the layer of a read")
        }
    }

    private static func check(_ transfer: Transfer) throws {
        try check(count: transfer.networkBytes ?? 0, "the number of bytes from the registry")
        try check(count: transfer.requests ?? 0, "the number of requests")
        try check(count: transfer.spans ?? 0, "the number of spans")
        try check(count: transfer.cacheHits ?? 0, "the number of cache hits")
        try check(count: transfer.memoryBytes ?? 0, "the memory")
        try check(seconds: transfer.processorSeconds ?? 0, "the processor time")
        guard (0...1).contains(transfer.imageShare ?? 0) else { throw fault("the image's share is not from 0 to 1") }
    }

    private static func check(format: Int, _ name: String) throws {
        guard format == currentFormat else {
            throw HermesError(
                .unsupported, "\(name) has format \(format), and this version reads format \(currentFormat)",
                advice: "use the version of hermes that made it")
        }
    }

    private static func check(seconds: Double, _ name: String) throws {
        // A number that is not one is in no range.
        guard (0...maxSeconds).contains(seconds) else {
            throw fault("\(name) is \(seconds) s, not 0 to \(Int(maxSeconds)) s")
        }
    }

    private static func check(count: Int64, _ name: String) throws {
        guard (0...maxCount).contains(count) else { throw fault("\(name) is \(count), not 0 to \(maxCount)") }
    }

    private static func fault(_ message: String) -> HermesError { HermesError(.corrupt, message) }
}

extension RFC3339 {
    fileprivate static func isTime(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { parse(UnsafeRawBufferPointer($0)) } != nil
    }
}
