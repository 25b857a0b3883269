/// Finds the objects of a page of a list, so that they can be decoded one by one: decoding a page of 500 Pods at once
/// takes many times its size in memory.
///
/// It looks at strings and brackets alone (RFC 8259). Where a text is not JSON, what it finds is not either, so that
/// decoding fails.
struct ListSplitter {
    /// The page without its objects.
    let envelope: [UInt8]
    /// The place of each object in the page.
    let items: [Range<Int>]

    init(_ bytes: [UInt8]) {
        var items: [Range<Int>] = []
        /// The array of the objects, with its brackets.
        var array: Range<Int>?
        var depth = 0
        /// The last string of the outermost object: in front of an array that is its name.
        var name = 0..<0
        /// Where the array and its current element begin, while the array is open.
        var open: (array: Int, element: Int)?
        var position = 0
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                let end = Self.end(ofString: position, in: bytes)
                if depth == 1 { name = position..<end }
                position = end
                continue
            case UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "["):
                if depth == 1, array == nil, bytes[name].elementsEqual("\"items\"".utf8) {
                    open = (position, position + 1)
                }
                depth += 1
            case UInt8(ascii: ","):
                if depth == 2, let start = open {
                    items.append(start.element..<position)
                    open?.element = position + 1
                }
            case UInt8(ascii: "]"):
                if depth == 2, let start = open {
                    let last = start.element..<position
                    // Nothing between the brackets is an empty array; nothing behind a comma is an error.
                    if !items.isEmpty || bytes[last].contains(where: { !Self.isSpace($0) }) { items.append(last) }
                    array = start.array..<position + 1
                    open = nil
                }
                depth -= 1
            case UInt8(ascii: "}"): depth -= 1
            default: break
            }
            position += 1
        }
        self.items = items
        envelope = array.map { bytes[..<$0.lowerBound] + "[]".utf8 + bytes[$0.upperBound...] }.map(Array.init) ?? bytes
    }

    /// The position behind a string, or the end of the bytes.
    private static func end(ofString start: Int, in bytes: [UInt8]) -> Int {
        var position = start + 1
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""): return position + 1
            case UInt8(ascii: "\\"): position += 2
            default: position += 1
            }
        }
        return bytes.count
    }

    private static func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0a, 0x0d].contains(byte) }
}
