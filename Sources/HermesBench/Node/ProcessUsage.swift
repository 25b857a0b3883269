import Glibc
import HermesSupport

/// Processor time and memory of a process (proc_pid_stat(5)).
struct ProcessUsage {
    /// Of all threads, in seconds.
    var seconds: Double
    var residentBytes: Int64

    /// Nil where there is no such process.
    init?(_ process: Int32) {
        guard let bytes = try? LocalFile.read("/proc/\(process)/stat", limit: 4096) else { return nil }
        let line = String(decoding: bytes, as: UTF8.self)
        // The program's name, in brackets, may have brackets and spaces of its own; the field behind it is the third.
        guard let end = line.lastIndex(of: ")") else { return nil }
        let fields = line[line.index(after: end)...].split(whereSeparator: \.isWhitespace)
        guard fields.count > 21, let user = Int64(fields[11]), let system = Int64(fields[12]),
            let pages = Int64(fields[21])
        else { return nil }
        seconds = (Double(user) + Double(system)) / Double(sysconf(Int32(_SC_CLK_TCK)))
        residentBytes = pages * Int64(sysconf(Int32(_SC_PAGESIZE)))
    }
}
