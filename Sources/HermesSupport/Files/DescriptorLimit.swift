import Glibc

/// How many descriptors the process may have open (RLIMIT_NOFILE, getrlimit(2)).
package enum DescriptorLimit {
    /// Raises the limit to the most that the process may set. Where the kernel refuses, it stays.
    package static func raise() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// Throws `system` unless `count` descriptors more leave an eighth of the limit free for everything else.
    package static func check(for count: Int) throws {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        let most = Int(clamping: limit.rlim_cur)
        let open: Int
        do { open = try FolderListing.names(in: "/proc/self/fd").count } catch {
            throw HermesError.file("read", "/proc/self/fd", error)
        }
        guard open + count <= most - most / 8 else {
            throw HermesError(
                .system, "\(open) of \(most) descriptors are open, and \(count) more are needed",
                advice: "raise the limit (LimitNOFILE in a systemd unit)")
        }
    }
}
