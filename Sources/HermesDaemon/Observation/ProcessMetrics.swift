import Glibc
import HermesSupport

/// The metrics of the process that Prometheus's own clients have, under their names
/// (prometheus.io/docs/instrumenting/writing_clientlibs, "Process metrics"). What the kernel does not say is NaN.
struct ProcessMetrics: Sendable {
    /// When the process was started, in seconds since 1970. Fixed, as clocks are set.
    private let start: Double

    init() {
        var (real, boot) = (timespec(), timespec())
        clock_gettime(CLOCK_REALTIME, &real)
        clock_gettime(CLOCK_BOOTTIME, &boot)
        let machine = Self.seconds(real) - Self.seconds(boot)
        start = ProcessStatus.now().map { machine + $0.start } ?? .nan
    }

    private static func seconds(_ time: timespec) -> Double { Double(time.tv_sec) + Double(time.tv_nsec) / 1e9 }

    /// The metrics with the values that they have now.
    func families() -> [MetricFamily] {
        let status = ProcessStatus.now()
        func value(_ number: Int?) -> Double { number.map(Double.init) ?? .nan }
        return [
            MetricFamily(
                name: "process_cpu_seconds_total", help: "Processor time of all threads.", kind: .counter,
                samples: [.init(value: status?.processorSeconds ?? .nan)]),
            .gauge("process_resident_memory_bytes", "Memory that is resident.", value(status?.residentBytes)),
            .gauge("process_virtual_memory_bytes", "Address space.", value(status?.virtualBytes)),
            .gauge("process_open_fds", "Open file descriptors.", value(ProcessStatus.openDescriptors())),
            .gauge("process_max_fds", "The most that may be open.", value(ProcessStatus.mostDescriptors())),
            .gauge("process_threads", "Threads.", value(status?.threads)),
            .gauge("process_start_time_seconds", "When the process was started, in seconds since 1970.", start),
        ]
    }
}
