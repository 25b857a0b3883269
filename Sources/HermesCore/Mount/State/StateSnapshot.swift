import HermesSupport

/// When the contents of a state file are made anew: a pure state machine, by which one pass over the file sees one
/// moment's contents.
///
/// The kernel is never asked to open a file of a mount (see `ImageFilesystem.operations`), so contents cannot be tied
/// to an open. These accesses come instead: a path is looked up or asked for its attributes, which begins a pass; the
/// kernel asks for the attributes before each read of a file whose attributes have expired; and the file is read.
struct StateSnapshot {
    /// Why the kernel asks.
    enum Access {
        /// A name was looked up, or stat(2) called: a pass may begin.
        case path
        /// A read is about to be done, or is done: a pass goes on.
        case reading
    }

    /// Milliseconds without any access after which a path begins a new pass; those of one pass come closer together.
    static let pause = 20.0
    /// Milliseconds without any access after which a file that was kept open is read anew.
    static let openPause = 1000.0
    /// Milliseconds after which a path begins a new pass in any case, so that many readers at once do not keep it old.
    static let longest = 5000.0

    private var made: Monotonic?
    private var accessed: Monotonic?

    /// Takes note of an access, and says whether the contents are to be made anew before it is answered.
    mutating func renews(_ access: Access, now: Monotonic) -> Bool {
        defer { accessed = now }
        guard let made, let accessed else {
            self.made = now
            return true
        }
        let idle = now.milliseconds(since: accessed)
        let isOld =
            switch access {
            case .path: idle >= Self.pause || now.milliseconds(since: made) >= Self.longest
            case .reading: idle >= Self.openPause
            }
        if isOld { self.made = now }
        return isOld
    }
}
