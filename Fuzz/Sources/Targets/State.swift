import Glibc

@testable import HermesCore
@testable import HermesSupport

extension FuzzTarget {
    /// What a mount shows of itself: the state, the status and the metrics of images with sizes, counts and errors of any kind. The texts
    /// can be read again and say what they should; no sum traps.
    static let state = FuzzTarget(name: "state") { bytes in
        var input = FuzzInput(bytes)
        checkPercent(number(&input), of: number(&input))
        try checkSnapshot(&input)
        let files = try FuzzImage()
        let count = 1 + input.byte() % 4
        let ztocs = try (0..<count).map { _ in try addLayer(&input, files) }
        let image = try files.image()
        try files.addIndex(of: image, ztocs)
        try files.open(image) { lazy in
            let filesystem = ImageFilesystem(lazy, counts: LookupCounts())
            addCounts(to: filesystem, &input)
            let message = input.text()
            lazy.scheduler.log.readFailed(
                layer: 0, span: 0, file: { message }, offset: .max, HermesError(.corrupt, message))
            try checkState(filesystem)
            checkMetrics(filesystem)
        }
    }

    private static func number(_ input: inout FuzzInput) -> Int64 {
        Int64(truncatingIfNeeded: (0..<8).reduce(UInt64(0)) { value, _ in value << 8 | UInt64(input.byte()) })
    }

    /// A layer of one span that begins far behind, with the sizes that the next bytes say. Returns its zTOC.
    private static func addLayer(_ input: inout FuzzInput, _ files: FuzzImage) throws -> [UInt8] {
        let form = input.byte()
        let size = number(&input) & (form % 2 == 0 ? .max : 1 << 50 - 1)
        let unpacked = number(&input) & (form / 2 % 2 == 0 ? .max : 1 << 25 - 1)
        let name = Digest.of(Array("\(form) \(size) \(unpacked)".utf8))
        files.add(name, size: size, isGzip: true, diffID: name)
        // CheckpointBlob has the form.
        var checkpoints: [UInt8] = []
        func append(_ value: some FixedWidthInteger) {
            withUnsafeBytes(of: value.littleEndian) { checkpoints += $0 }
        }
        append(Int32(1))
        append(Int64(1 << 20))
        append(max(size - Int64(form) - 1, 0))
        append(Int64(0))
        append(UInt8(form % 8))
        checkpoints += [UInt8](repeating: 0, count: Checkpoint.windowSize)
        var writer = ZTOCWriter()
        try writer.append(
            TarEntry(name: Array("file".utf8), kind: .regular, dataOffset: 512, size: max(0, unpacked - 512)))
        var ztoc: [UInt8] = []
        _ = try writer.writeGzip(
            ZTOCWriter.Layer(compressedSize: size, uncompressedArchiveSize: unpacked, spanDigests: [name]),
            checkpointSize: Int64(checkpoints.count), checkpoints: { sink in try checkpoints.withUnsafeBytes(sink) },
            to: { ztoc += $0 })
        return ztoc
    }

    /// Counts what a mount could have counted in years: less than an exabyte each.
    private static func addCounts(to filesystem: ImageFilesystem, _ input: inout FuzzInput) {
        let counters = filesystem.scheduler.counters
        let amount = Int(number(&input) & (1 << 60 - 1))
        counters.fetchedBytes.add(amount, for: .demand)
        counters.fetchedBytes.add(amount, for: .fill)
        counters.failedReads.add(amount, ordering: .relaxed)
        for layer in counters.layers {
            layer.fetchedBytes.add(amount, ordering: .relaxed)
            layer.errors.add(amount / 4, ordering: .relaxed)
        }
        filesystem.reads.add(.fetch, amount)
        filesystem.reads.hit(amount)
        counters.parkedDuration.observe(nanoseconds: amount)
        let first = filesystem.layers[0]
        if input.byte() % 2 == 0 { first.store.presentWords[0].bitwiseOr(1, ordering: .relaxed) }
    }

    private struct State: Decodable {
        struct Sizes: Decodable {
            var bytes: Int64
            var uncompressedBytes: Int64
            var presentBytes: Int64
            var presentUncompressedBytes: Int64
        }
        struct Problem: Decodable {
            var message: String
        }
        var totals: Sizes
        var layers: [Sizes]
        var lastError: Problem?
    }

    static func checkState(_ filesystem: ImageFilesystem) throws {
        let state: State
        do {
            state = try JSON.decode(State.self, from: filesystem.contents(.state), name: "the state")
        } catch {
            return check(false, "a state that is not JSON: \(error)")
        }
        for size in [\State.Sizes.bytes, \.uncompressedBytes, \.presentBytes, \.presentUncompressedBytes] {
            check(state.layers.reduce(0) { $0 + $1[keyPath: size] } == state.totals[keyPath: size], "a wrong sum")
            check(state.layers.allSatisfy { $0[keyPath: size] >= 0 }, "a size below zero")
        }
        check(state.totals.presentBytes <= state.totals.bytes, "more is here than there is")
        check(
            state.lastError?.message == filesystem.scheduler.log.lastProblem?.message, "another error than the last one"
        )
        let status = filesystem.status()
        check(
            try JSON.decode(ImageStatus.self, from: try JSON.encode(status), name: "the status") == status,
            "a status is another when read again")
    }

    static func checkMetrics(_ filesystem: ImageFilesystem) {
        let totals = MountTotals()
        totals.opened(filesystem)
        checkText(totals.metrics())
        totals.closed(filesystem.lazy)
        checkText(totals.metrics())
        checkText(filesystem.metrics())
        let hostile = filesystem.scheduler.log.lastProblem?.message ?? ""
        checkText([
            MetricFamily(
                name: "hermes_fuzz", help: hostile, kind: .gauge,
                samples: [.init(labels: [("text", hostile)], value: Double(filesystem.reads.total(.fetch).bytes))])
        ])
    }

    /// A family is two lines of comment and a line for each sample, which ends with a number, whatever is in its labels.
    private static func checkText(_ families: [MetricFamily]) {
        for family in families {
            let lines = family.text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            check(lines.count == family.samples.count + 3, "\(lines.count) lines of \(family.name)")
            for line in lines.dropFirst(2).dropLast() {
                let value = line.split(separator: UInt8(ascii: " ")).last.flatMap {
                    Double(String(decoding: $0, as: UTF8.self))
                }
                check(value.map { $0 >= 0 } ?? false, "\(family.name) has no number, or one below zero")
            }
        }
    }

    private static func checkPercent(_ part: Int64, of whole: Int64) {
        let percent = ImageStatus.percent(part, of: whole)
        guard part >= 0, whole >= 0 else { return }
        check((0...100).contains(percent), "\(percent) %")
        check((percent == 100) == (part >= whole), "\(percent) % of a part of \(part) of \(whole)")
    }

    /// Accesses at any times: a pass that begins later than `longest` sees new contents, one that follows at once the old ones.
    private static func checkSnapshot(_ input: inout FuzzInput) throws {
        var snapshot = StateSnapshot()
        var now = Monotonic(nanoseconds: 0)
        var made = now
        for step in 0..<input.byte() % 16 {
            let byte = input.byte()
            let pause = (byte / 2) * (byte / 2)
            now = now.adding(milliseconds: pause)
            let isNew = snapshot.renews(byte % 2 == 0 ? .path : .reading, now: now)
            check(step > 0 || isNew, "nothing was made")
            let age = now.milliseconds(since: made)
            check(isNew || byte % 2 == 1 || age < StateSnapshot.longest, "contents of \(age) ms ago")
            check(!isNew || step == 0 || Double(pause) >= StateSnapshot.pause || age >= StateSnapshot.longest, "torn")
            if isNew { made = now }
        }
    }
}
