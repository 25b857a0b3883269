import Glibc
import HermesSupport

/// What the kernel says of this process (proc_pid_stat(5)).
struct ProcessStatus: Equatable {
    /// Processor time of all threads, in seconds.
    var processorSeconds: Double
    var threads: Int
    /// When it was started, in seconds since the machine's start.
    var start: Double
    var virtualBytes: Int
    var residentBytes: Int

    /// Reads the line of /proc/self/stat. `ticks` are those of a second, `page` the bytes of a page. Nil for anything else.
    init?(_ line: String, ticks: Double, page: Int) {
        // The program's name, in brackets, may have brackets and spaces of its own.
        guard let end = line.lastIndex(of: ")") else { return nil }
        let fields = line[line.index(after: end)...].split(whereSeparator: \.isWhitespace)
        // The numbers of the fields in the manual page; the first here is the third.
        func field(_ number: Int) -> Int? { fields.count > number - 3 ? Int(fields[number - 3]) : nil }
        guard let user = field(14), let system = field(15), let threads = field(20), let start = field(22),
            let virtual = field(23), let resident = field(24), ticks > 0
        else { return nil }
        processorSeconds = (Double(user) + Double(system)) / ticks
        self.threads = threads
        self.start = Double(start) / ticks
        virtualBytes = virtual
        let (bytes, overflow) = resident.multipliedReportingOverflow(by: page)
        guard !overflow else { return nil }
        residentBytes = bytes
    }

    /// This process now; nil where /proc does not say.
    static func now() -> ProcessStatus? {
        guard let bytes = try? LocalFile.read("/proc/self/stat", limit: 4096) else { return nil }
        return ProcessStatus(
            String(decoding: bytes, as: UTF8.self), ticks: Double(sysconf(Int32(_SC_CLK_TCK))),
            page: sysconf(Int32(_SC_PAGESIZE)))
    }

    /// Open file descriptors; nil where /proc does not say.
    static func openDescriptors() -> Int? {
        // Without the one that reads the folder.
        (try? FolderListing.names(in: "/proc/self/fd")).map { $0.count - 1 }
    }

    /// The most descriptors that may be open.
    static func mostDescriptors() -> Int? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        return Int(exactly: limit.rlim_cur)
    }
}
