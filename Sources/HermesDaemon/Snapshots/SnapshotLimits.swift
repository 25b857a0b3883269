import HermesSupport

/// What a call may ask to be stored.
enum SnapshotLimits {
    /// Bytes of a key or name. containerd's are some 100.
    static let key = 4096
    /// Bytes of a label's key and value together: containerd's own limit (pkg/labels).
    static let label = 4096
    /// Labels of one snapshot, so that the answer to a call always fits one message (16 MiB in containerd).
    static let labels = 1000

    /// Checks a key or name that shall be taken. Throws `invalidArgument`.
    static func check(key: String) throws {
        guard !key.isEmpty else { throw SnapshotError(.invalidArgument, "the key or name of a snapshot is empty") }
        guard key.utf8.count <= Self.key else {
            throw SnapshotError(.invalidArgument, "the key \(key.quoted)... is longer than \(Self.key) bytes")
        }
    }

    /// Checks labels that shall be written. Throws `invalidArgument`.
    static func check(labels: [String: String]) throws {
        guard labels.count <= Self.labels else {
            throw SnapshotError(.invalidArgument, "\(labels.count) labels are more than \(Self.labels)")
        }
        for (key, value) in labels {
            guard !key.isEmpty else { throw SnapshotError(.invalidArgument, "the key of a label is empty") }
            let length = key.utf8.count + value.utf8.count
            guard length <= label else {
                throw SnapshotError(
                    .invalidArgument,
                    "key and value of the label \(key.quoted) have \(length) bytes, more than \(label)")
            }
        }
    }
}

extension String {
    /// The beginning of the text, fit for a message.
    var quoted: String { "\"\(printable(128))\"" }
}
