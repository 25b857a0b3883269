/// What is kept of the reads of one image: counts for each file, and the reads over time.
///
/// It takes at most as many counts as the image has files, and `pointLimit` points. Times are seconds since the recording began.
struct ReadTally {
    /// Reads of one file that came close together from the same place.
    struct Point: Equatable {
        var inode: UInt64
        var at: Double
        var bytes: Int64
        /// The longest that one of the reads waited; nil for bytes that the cache had.
        var seconds: Double?
    }

    struct File {
        /// When the first read came.
        var first: Double
        var reads = 0
        var bytes: Int64 = 0
        /// The bytes of the reads that waited for the registry.
        var fetchedBytes: Int64 = 0
        /// The last point, which may still grow.
        var point: Point
    }

    /// The most points that are given: of more, those with the most bytes.
    static let pointLimit = 2000
    /// Seconds from a point's begin in which reads still belong to it.
    static let closeness = 0.1

    /// The files that were read, by their inode numbers.
    private(set) var files: [UInt64: File] = [:]
    private var closed: [Point] = []

    /// Counts a read that came at `at`. `seconds` is how long it waited for the registry; nil for one that the cache answered.
    mutating func add(_ inode: UInt64, at: Double, bytes: Int64, seconds: Double?) {
        let new = Point(inode: inode, at: at, bytes: bytes, seconds: seconds)
        var file = files[inode] ?? File(first: at, point: Point(inode: inode, at: at, bytes: 0, seconds: seconds))
        file.first = min(file.first, at)
        file.reads += 1
        file.bytes += bytes
        if seconds != nil { file.fetchedBytes += bytes }
        // Reads that wait are counted when they end, so a later one may have come before.
        let isClose = abs(at - file.point.at) <= Self.closeness && (file.point.seconds == nil) == (seconds == nil)
        if isClose {
            file.point.at = min(file.point.at, at)
            file.point.bytes += bytes
            file.point.seconds = seconds.map { max($0, file.point.seconds ?? 0) }
        } else {
            close(file.point)
            file.point = new
        }
        files[inode] = file
    }

    /// The points in the order of their times: the largest where there are more than `pointLimit`.
    func points() -> [Point] {
        Self.largest(closed + files.values.map(\.point)).sorted { ($0.at, $0.inode) < ($1.at, $1.inode) }
    }

    private mutating func close(_ point: Point) {
        closed.append(point)
        // What goes here has `pointLimit` larger ones, and so would go in the end as well.
        if closed.count >= 2 * Self.pointLimit { closed = Self.largest(closed) }
    }

    private static func largest(_ points: [Point]) -> [Point] {
        guard points.count > pointLimit else { return points }
        return Array(points.sorted { ($0.bytes, $1.at, $1.inode) > ($1.bytes, $0.at, $0.inode) }.prefix(pointLimit))
    }
}
