import HermesSupport

/// A table of a FlatBuffer that is read in place (https://flatbuffers.dev/internals).
///
/// The bytes are untrusted: every position is checked against the buffer before it is read, nothing is assumed about
/// alignment, and nothing is followed further than the caller asks, so no cycle can be entered. The bytes have to stay
/// valid as long as the table is used.
struct FlatBufferTable {
    let bytes: UnsafeRawBufferPointer
    private let position: Int
    private let vtable: Int
    private let vtableSize: Int

    /// The root table of a buffer. Throws `corrupt` if it is not inside.
    init(rootOf bytes: UnsafeRawBufferPointer) throws {
        try self.init(bytes, at: Self.target(bytes, at: 0))
    }

    /// The table at `position`. Throws `corrupt` if it, or its vtable, is not inside the buffer.
    init(_ bytes: UnsafeRawBufferPointer, at position: Int) throws {
        // A 32-bit distance from a position inside the buffer: no overflow.
        let vtable = position - Int(try Self.load(bytes, position, as: Int32.self))
        let size = Int(try Self.load(bytes, vtable, as: UInt16.self))
        guard size >= 4, size <= bytes.count - vtable else { throw Self.fault("a vtable") }
        self.bytes = bytes
        self.position = position
        self.vtable = vtable
        vtableSize = size
    }

    /// The position of a field; nil where it is absent.
    private func field(_ slot: Int) -> Int? {
        let entry = 4 + 2 * slot
        guard entry + 2 <= vtableSize else { return nil }
        // Inside the vtable, which `init` has found inside the buffer.
        let offset = Int(
            UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: vtable + entry, as: UInt16.self)))
        return offset == 0 ? nil : position + offset
    }

    /// A scalar field, or its default. Throws `corrupt` if it is not inside the buffer.
    func scalar<Value: FixedWidthInteger & BitwiseCopyable>(
        _ slot: Int, as type: Value.Type = Value.self, default usual: Value = 0
    ) throws -> Value {
        guard let field = field(slot) else { return usual }
        return try Self.load(bytes, field, as: type)
    }

    /// The bytes of a string or byte vector; empty where it is absent. Throws `corrupt` if it is not inside the buffer.
    func text(_ slot: Int) throws -> UnsafeRawBufferPointer {
        guard let field = field(slot) else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return try Self.vector(bytes, at: Self.target(bytes, at: field), elementSize: 1).bytes
    }

    /// A table that the field refers to; nil where it is absent. Throws `corrupt` if it is not inside the buffer.
    func table(_ slot: Int) throws -> FlatBufferTable? {
        guard let field = field(slot) else { return nil }
        return try FlatBufferTable(bytes, at: Self.target(bytes, at: field))
    }

    /// A vector of references; empty where it is absent. Throws `corrupt` if it is not inside the buffer.
    func list(_ slot: Int) throws -> List {
        guard let field = field(slot) else { return List(bytes: bytes, start: 0, count: 0) }
        let vector = try Self.vector(bytes, at: Self.target(bytes, at: field), elementSize: 4)
        return List(bytes: bytes, start: vector.start, count: vector.count)
    }

    /// A vector of references to tables or strings.
    struct List {
        fileprivate let bytes: UnsafeRawBufferPointer
        fileprivate let start: Int
        /// The number of elements.
        let count: Int

        /// The table at `index`, which is less than `count`. Throws `corrupt` if it is not inside the buffer.
        func table(_ index: Int) throws -> FlatBufferTable {
            try FlatBufferTable(bytes, at: FlatBufferTable.target(bytes, at: start + 4 * index))
        }

        /// The string at `index`, which is less than `count`. Throws `corrupt` if it is not inside the buffer.
        func text(_ index: Int) throws -> UnsafeRawBufferPointer {
            let target = try FlatBufferTable.target(bytes, at: start + 4 * index)
            return try FlatBufferTable.vector(bytes, at: target, elementSize: 1).bytes
        }
    }

    private struct Vector {
        let start: Int
        let count: Int
        let bytes: UnsafeRawBufferPointer
    }

    private static func vector(
        _ bytes: UnsafeRawBufferPointer, at position: Int, elementSize: Int
    ) throws -> Vector {
        // At most 2^32 elements of at most 4 bytes: no overflow.
        let count = Int(try load(bytes, position, as: UInt32.self))
        let start = position + 4
        guard count * elementSize <= bytes.count - start else { throw fault("a vector") }
        return Vector(
            start: start, count: count,
            bytes: UnsafeRawBufferPointer(rebasing: bytes[start..<(start + count * elementSize)]))
    }

    /// Where the reference at `position` leads; not yet checked.
    private static func target(_ bytes: UnsafeRawBufferPointer, at position: Int) throws -> Int {
        position + Int(try load(bytes, position, as: UInt32.self))
    }

    /// Reads a number. Positions are sums of a position inside the buffer and 32-bit numbers: they cannot overflow, but
    /// may lie outside.
    private static func load<Value: FixedWidthInteger & BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer, _ position: Int, as type: Value.Type
    ) throws -> Value {
        guard position >= 0, position <= bytes.count - MemoryLayout<Value>.size else {
            throw fault("a number")
        }
        return Value(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: type))
    }

    private static func fault(_ what: String) -> HermesError {
        HermesError(.corrupt, "\(what) of the zTOC lies outside of it")
    }
}
