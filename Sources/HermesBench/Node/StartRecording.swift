import HermesCore
import HermesSupport

/// The reads of one start, which the daemon records that shows its image. To be used from one thread.
final class StartRecording {
    /// When it began.
    let begin: Monotonic
    private let finish: () throws -> ReadRecord
    /// What was recorded, or why it is not known; nil as long as it goes on.
    private(set) var result: Result<ReadRecord, any Error>?

    /// Begins, before the start does. `finish` ends a recording that just began.
    init(_ finish: @escaping () throws -> ReadRecord) {
        begin = .now()
        self.finish = finish
    }

    /// Ends it. To be called once at most; what is never ended ends with this object.
    func end() { result = Result { try finish() } }
}
