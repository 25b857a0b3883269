/// Text that waits for a slow reader: whole lines up to a number of bytes, and one status that stays below them.
///
/// A value without lock or I/O, which `OutputWriter` acts on. Lines that find no room are dropped and counted. From the
/// first of them on all are dropped until a piece is taken, so that the notice of the gap stands where the gap is.
struct OutputQueue {
    /// The most bytes that wait.
    let limit: Int
    private var lines: [UInt8] = []
    private var dropped = 0
    /// The text that a terminal's last line is to have, and the one that it has after all pieces so far.
    private var status = ""
    private var shown = ""

    init(limit: Int) { self.limit = limit }

    /// To the line's start, then erase to its end (ECMA-48 EL).
    private static let clear = "\r\u{1b}[K"

    /// Whether a piece can be taken.
    var hasPiece: Bool { !lines.isEmpty || dropped > 0 || status != shown }

    /// Adds whole lines. All of them are dropped when they do not fit together.
    mutating func add(_ text: String) {
        guard dropped == 0, text.utf8.count <= limit - lines.count else {
            dropped += text.utf8.count { $0 == 0x0a }
            return
        }
        lines += text.utf8
    }

    /// Puts a status in place of the one before. Only the last one is shown when nothing is taken meanwhile.
    mutating func show(_ status: String) { self.status = status }

    /// Everything that waits, as one piece that leaves the status below it. `notice` is the line that says how many lines
    /// were dropped.
    mutating func take(notice: (Int) -> String) -> [UInt8] {
        var piece: [UInt8] = shown.isEmpty ? [] : Array(Self.clear.utf8)
        piece += lines
        if dropped > 0 { piece += notice(dropped).utf8 }
        piece += status.utf8
        lines = []
        dropped = 0
        shown = status
        return piece
    }
}
