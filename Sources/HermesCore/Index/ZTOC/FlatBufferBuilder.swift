/// Writes FlatBuffers from back to front, byte for byte as Google's builder for Go does.
///
/// The format: https://flatbuffers.dev/internals. The bytes are the same because of the order of calls, the alignment
/// rule (an object is aligned by its distance from the buffer's end) and the sharing of vtables: a table whose fields
/// lie where those of an earlier one do refers to that one's vtable, even if the tables differ in padding.
///
/// Offsets are distances from the end of the finished buffer. Bytes that are built can be taken out in between
/// (`take()`), and bytes that are never here can be counted in (`skip(_:)`), so that a large buffer is never whole in
/// memory; a state can be saved and gone back to. One thread at a time.
struct FlatBufferBuilder: ~Copyable {
    /// The offset of a finished object: its distance from the end of the buffer, in bytes.
    typealias Offset = Int

    /// Where a builder stands: enough to build the same bytes again.
    struct Mark {
        fileprivate let offset: Offset
        fileprivate let vtableCount: Int
    }

    private struct VTable {
        let offset: Offset
        let count: Int
        /// Positions of the fields in the table, 0 for those that are absent; as many as `count`.
        let positions: SIMD16<UInt16>
    }

    /// The bytes built since the last `take()`: from `head` to the end.
    private var storage: UnsafeMutableRawBufferPointer
    private var head: Int
    /// How many bytes follow `storage` in the finished buffer.
    private var bytesAfter = 0
    private var vtables: [VTable] = []
    /// The offsets of the current table's fields, by slot; 0 for absent ones.
    private var slots = SIMD16<Int>(repeating: 0)
    private var slotCount = 0
    private var tableEnd = 0
    /// The largest alignment so far: the buffer's length becomes a multiple of it.
    private var alignment = 1

    init() {
        storage = .allocate(byteCount: 1 << 16, alignment: 8)
        head = storage.count
    }

    deinit { storage.deallocate() }

    /// How many bytes the buffer has so far.
    var offset: Offset { bytesAfter + storage.count - head }

    /// Where the builder stands.
    var mark: Mark { Mark(offset: offset, vtableCount: vtables.count) }

    /// Goes back to where the builder stood, and forgets the bytes built since.
    mutating func rewind(to mark: Mark) {
        head = storage.count
        bytesAfter = mark.offset
        vtables.removeLast(vtables.count - mark.vtableCount)
    }

    /// Hands the bytes built since the last call to `body`, then forgets them; offsets stay valid.
    mutating func take<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        let result = try body(UnsafeRawBufferPointer(rebasing: storage[head...]))
        bytesAfter = offset
        head = storage.count
        return result
    }

    /// Counts in `count` bytes that the caller writes in front of those taken so far. Only right after a `take`.
    mutating func skip(_ count: Int) { bytesAfter += count }

    // MARK: Strings and vectors

    /// Writes a string: its length, its bytes and a NUL.
    mutating func string(_ bytes: UnsafeRawBufferPointer) -> Offset {
        prepare(4, bytes.count + 1)
        place(UInt8(0))
        head -= bytes.count
        // `prepare` made room for the bytes, the NUL and the length below `head`.
        UnsafeMutableRawBufferPointer(rebasing: storage[head..<(head + bytes.count)]).copyMemory(from: bytes)
        return endVector(count: bytes.count)
    }

    /// Writes a string.
    mutating func string(_ text: String) -> Offset {
        var text = text
        return text.withUTF8 { string(UnsafeRawBufferPointer($0)) }
    }

    /// Pads for a vector whose elements, from the last to the first, are `byteCount` bytes and come next.
    mutating func startVector(byteCount: Int) {
        pad(4, byteCount)
    }

    /// Writes a vector's length in front of its elements.
    mutating func endVector(count: Int) -> Offset {
        reserve(4)
        place(UInt32(truncatingIfNeeded: count))
        return offset
    }

    /// Writes a vector of references.
    mutating func vector(of offsets: some BidirectionalCollection<Offset>) -> Offset {
        startVector(byteCount: 4 * offsets.count)
        for target in offsets.reversed() { prependReference(to: target) }
        return endVector(count: offsets.count)
    }

    // MARK: Tables

    /// Starts a table with `slotCount` (at most 16) fields.
    mutating func startTable(slotCount: Int) {
        slots = SIMD16(repeating: 0)
        self.slotCount = slotCount
        tableEnd = offset
    }

    /// Adds a scalar field, unless it has the default value.
    mutating func add<Value: FixedWidthInteger>(_ slot: Int, _ value: Value, default usual: Value = 0) {
        guard value != usual else { return }
        prepare(MemoryLayout<Value>.size, 0)
        place(value)
        slots[slot] = offset
    }

    /// Adds a reference to an object that is finished.
    mutating func add(_ slot: Int, reference target: Offset) {
        prependReference(to: target)
        slots[slot] = offset
    }

    /// Ends the table and returns its offset.
    mutating func endTable() -> Offset {
        prepare(4, 0)
        place(Int32(0))
        let table = offset
        var positions = SIMD16<UInt16>(repeating: 0)
        var count = 0
        for slot in 0..<slotCount where slots[slot] != 0 {
            positions[slot] = UInt16(truncatingIfNeeded: table - slots[slot])
            count = slot + 1
        }
        let vtable =
            vtables.last { $0.count == count && $0.positions == positions }?.offset
            ?? writeVTable(positions, count: count, tableSize: table - tableEnd)
        // The table starts with the distance to its vtable, which `place` above has made room for.
        let start = storage.count - (table - bytesAfter)
        storage.storeBytes(
            of: Int32(truncatingIfNeeded: vtable - table).littleEndian, toByteOffset: start, as: Int32.self)
        return table
    }

    private mutating func writeVTable(_ positions: SIMD16<UInt16>, count: Int, tableSize: Int) -> Offset {
        for slot in stride(from: count - 1, through: 0, by: -1) {
            prepare(2, 0)
            place(positions[slot])
        }
        prepare(2, 2)
        place(UInt16(truncatingIfNeeded: tableSize))
        place(UInt16(truncatingIfNeeded: (count + 2) * 2))
        vtables.append(VTable(offset: offset, count: count, positions: positions))
        return offset
    }

    /// Ends the buffer with a reference to its root table.
    mutating func finish(root: Offset) {
        prepare(alignment, 4)
        prependReference(to: root)
    }

    // MARK: Bytes

    private mutating func prependReference(to target: Offset) {
        prepare(4, 0)
        place(UInt32(truncatingIfNeeded: offset - target + 4))
    }

    /// Pads as `pad`, and makes room for the element and the bytes before it.
    private mutating func prepare(_ size: Int, _ additional: Int) {
        pad(size, additional)
        reserve(size + additional)
    }

    /// Pads with zeros so that an element of `size` bytes is aligned once `additional` bytes have been written.
    private mutating func pad(_ size: Int, _ additional: Int) {
        alignment = max(alignment, size)
        // `size` is a power of two.
        let padding = -(offset + additional) & (size - 1)
        reserve(padding)
        for _ in 0..<padding { place(UInt8(0)) }
    }

    /// Writes a value in front of the bytes that are there. `prepare` has made room for it.
    private mutating func place<Value: FixedWidthInteger>(_ value: Value) {
        head -= MemoryLayout<Value>.size
        storage.storeBytes(of: value.littleEndian, toByteOffset: head, as: Value.self)
    }

    private mutating func reserve(_ count: Int) {
        guard head < count else { return }
        let used = storage.count - head
        let larger = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(2 * storage.count, used + count), alignment: 8)
        // The built bytes keep their distance from the end.
        let target = UnsafeMutableRawBufferPointer(rebasing: larger[(larger.count - used)...])
        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: storage[head...]))
        storage.deallocate()
        storage = larger
        head = larger.count - used
    }
}
