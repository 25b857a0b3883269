import Glibc
import HermesSupport

/// The program HermesTestChild, which lies beside the tests: code of this package that a test lets be killed.
///
/// An exit test of swift-testing would do, if it did not wait for any child at all: programs that tests have left behind,
/// ended and not waited for, keep it from ever seeing its own.
package enum TestChild {
    /// The program's path. Throws when this process's own cannot be read.
    package static func program() throws -> String {
        guard let own = realpath("/proc/self/exe", nil) else { throw SystemError.last }
        defer { free(own) }
        return "/\(String(cString: own).split(separator: "/").dropLast().joined(separator: "/"))/HermesTestChild"
    }

    /// Lets the child do its work `name` until it kills itself with SIGKILL, `microseconds` after ten rounds of it. Gives
    /// the number of rounds that it has finished. Throws when it ended otherwise.
    package static func killed(_ name: String, _ path: String, afterMicroseconds microseconds: Int) throws -> Int {
        // 137: the shell's word for SIGKILL.
        let script = "\"$0\" \"$@\"; test $? = 137"
        return try TestProcess.run(["sh", "-c", script, program(), name, path, "\(microseconds)"])
            .utf8.count
    }
}
