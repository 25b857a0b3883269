import Glibc

/// How many threads of the machine run or wait for a processor.
///
/// Safe for use from any thread.
package struct ProcessorLoad: Sendable {
    /// The processors of the machine.
    package let processors = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    /// Nil where the kernel does not say it.
    private let file = try? OpenFile("/proc/loadavg", O_RDONLY)

    /// Opens the kernel's count.
    package init() {}

    /// The threads that run or want to, the calling one among them; nil where that is not known. Takes some microseconds.
    package func runnable() -> Int? {
        guard let file else { return nil }
        return withUnsafeTemporaryAllocation(byteCount: 128, alignment: 1) { buffer in
            guard let count = try? file.read(into: buffer, at: 0) else { return nil }
            return Self.runnable(in: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// The number before the slash in the fourth field (proc_loadavg(5)).
    static func runnable(in text: UnsafeRawBufferPointer) -> Int? {
        let fields = text.split(separator: UInt8(ascii: " "))
        guard fields.count >= 4 else { return nil }
        return Int(String(decoding: fields[3].prefix { $0 != UInt8(ascii: "/") }, as: UTF8.self))
    }
}
