import Glibc
import HermesSupport

/// What one thread of this process does, as the kernel sees it (proc_pid_task(5)): enough to tell a thread that waits for a lock, a disk
/// or a socket from one that computes.
struct ThreadStack: Equatable {
    /// Bytes of a kernel stack.
    static let longest = 2000

    let id: Int
    let name: String
    /// The letter of its state in /proc/self/task/ID/stat: R runs, S waits, D waits for a disk.
    let state: String
    /// The number of the system call in which it is, or "running" where it is in none.
    let call: String
    /// The functions of the kernel in which it is, the innermost first; empty where the kernel does not say.
    let stack: String

    /// All threads of this process: the main one first, the others by their numbers. A thread that ends meanwhile is left out.
    static func all() -> [ThreadStack] {
        let folder = "/proc/self/task"
        let main = Int(getpid())
        let ids = ((try? FolderListing.names(in: folder)) ?? []).compactMap { Int($0) }
        return ids.sorted { ($0 == main ? 0 : $0) < ($1 == main ? 0 : $1) }.compactMap { id in
            func read(_ name: String) -> String? {
                (try? LocalFile.read("\(folder)/\(id)/\(name)", limit: 64 << 10)).map {
                    String(decoding: $0, as: UTF8.self)
                }
            }
            guard let status = read("stat") else { return nil }
            return ThreadStack(id: id, status: status, call: read("syscall") ?? "", stack: read("stack") ?? "")
        }
    }

    /// Reads the texts of a thread's files. Returns nil when `status` is not the text of such a file.
    init?(id: Int, status: String, call: String, stack: String) {
        // The name, in brackets, may have brackets and spaces of its own (proc_pid_stat(5)).
        guard let start = status.firstIndex(of: "("), let end = status.lastIndex(of: ")"), start < end,
            let state = status[status.index(after: end)...].split(separator: " ").first
        else { return nil }
        self.id = id
        name = String(status[status.index(after: start)..<end]).printable(100)
        self.state = String(state).printable(1)
        self.call = call.split(whereSeparator: \.isWhitespace).first.map { String($0).printable(20) } ?? ""
        // Lines as "[<0>] futex_wait+0x69/0x110".
        let functions = stack.split(separator: "\n").compactMap { line in
            line.split(separator: " ").last?.split(separator: "+").first
        }
        self.stack = functions.joined(separator: " < ").printable(Self.longest)
    }
}
