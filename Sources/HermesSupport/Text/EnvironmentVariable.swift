import Glibc

/// This process's environment.
package enum EnvironmentVariable {
    /// The value of a variable that is neither missing nor empty.
    package static func value(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}
