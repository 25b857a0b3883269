import HermesSupport

extension ImageFilesystem {
    /// The mount's metrics with the values that they have now, and those of the process's registry clients. Names follow
    /// Prometheus's conventions: base units, "_total" for counters; docs/operations.md lists them.
    func metrics() -> [MetricFamily] {
        countedMetrics() + Self.cacheMetrics([lazy]) + RegistryMetrics.shared.families()
    }

    /// What an image counts, which adds up over images.
    func countedMetrics() -> [MetricFamily] {
        Self.countedMetrics(
            reads, scheduler.counters, parked: scheduler.parkedCount, hung: scheduler.hungReads().count)
    }

    /// What an image has counted that is closed, so that no read waits.
    func finalMetrics() -> [MetricFamily] { Self.countedMetrics(reads, scheduler.counters, parked: 0, hung: 0) }

    /// The metrics of no image.
    static func zeroMetrics() -> [MetricFamily] {
        let reads = ReadCounters()
        defer { reads.deallocate() }
        return countedMetrics(reads, FetchCounters(layerCount: 0), parked: 0, hung: 0)
    }

    private static func countedMetrics(
        _ reads: ReadCounters, _ counters: FetchCounters, parked: Int, hung: Int
    ) -> [MetricFamily] {
        readMetrics(reads, counters, parked: parked, hung: hung) + fetchMetrics(counters)
    }

    private static func readMetrics(
        _ reads: ReadCounters, _ counters: FetchCounters, parked: Int, hung: Int
    ) -> [MetricFamily] {
        let totals = ReadSource.allCases.map { ($0, reads.total($0)) }
        func family(_ name: String, _ help: String, _ value: KeyPath<(reads: Int, bytes: Int), Int>) -> MetricFamily {
            MetricFamily(
                name: name, help: help, kind: .counter,
                samples: totals.map { source, total in
                    .init(labels: [(ReadSource.labelName, source.labelValue)], value: Double(total[keyPath: value]))
                })
        }
        return [
            family("hermes_reads_total", "Reads of files, by where their bytes came from.", \.reads),
            family("hermes_read_bytes_total", "Bytes of these reads.", \.bytes),
            .counter(
                "hermes_read_failures_total", "Reads that failed with EIO.",
                counters.failedReads.load(ordering: .relaxed)),
            .gauge("hermes_parked_reads", "Reads that wait for their bytes now.", Double(parked)),
            .gauge("hermes_hung_reads", "Reads that have waited for more than 10 seconds.", Double(hung)),
            counters.parkedDuration.family(
                "hermes_parked_read_duration_seconds", "How long reads waited for their bytes."),
        ]
    }

    private static func fetchMetrics(_ counters: FetchCounters) -> [MetricFamily] {
        [
            counters.requests.family("hermes_fetch_requests_total", "Range requests, by what waits for them."),
            counters.fetchedBytes.family("hermes_fetch_bytes_total", "Compressed bytes that range requests brought."),
            counters.fetchDuration.family("hermes_fetch_duration_seconds", "From a range request's start to its end."),
            counters.firstByte.family(
                "hermes_fetch_first_byte_seconds", "From a range request's start to the first byte of its answer."),
            counters.retries.family("hermes_span_retries_total", "Spans that were asked for again, by why."),
            .counter(
                "hermes_verification_failures_total", "Spans whose bytes were not what the index says.",
                counters.verificationFailures.load(ordering: .relaxed)),
            .counter(
                "hermes_layer_verification_failures_total",
                "Complete layers that were not what the image and the index say, or could not be compared.",
                counters.layerFailures.load(ordering: .relaxed)),
            .counter(
                "hermes_spans_total", "Spans that were checked, inflated and delivered.",
                counters.spans.load(ordering: .relaxed)),
            .counter(
                "hermes_cache_write_failures_total", "Spans that could not be written to the cache.",
                counters.cacheFailures.load(ordering: .relaxed)),
        ]
    }

    /// What the cache has of images. A layer that several have counts once.
    static func cacheMetrics(_ images: [LazyImage]) -> [MetricFamily] {
        let layers = Dictionary(images.flatMap(\.layers).map { ($0.store.folder, $0) }) { one, _ in one }.values
        let present = layers.reduce(0.0) { $0 + Double($1.present.uncompressedBytes) }
        let whole = layers.reduce(0.0) { $0 + Double($1.whole.uncompressedBytes) }
        return [
            .gauge("hermes_cache_bytes", "Uncompressed bytes of what is mounted that the cache has.", present),
            .gauge("hermes_image_bytes", "Uncompressed bytes of what is mounted.", whole),
            .gauge(
                "hermes_cache_ratio", "The part of what is mounted that the cache has, from 0 to 1.",
                whole > 0 ? present / whole : 1),
        ]
    }
}
