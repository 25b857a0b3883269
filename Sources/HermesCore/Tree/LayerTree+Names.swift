import Glibc

extension LayerTree {
    /// The meaning of a name that begins with ".wh.".
    enum Whiteout: Equatable {
        case opaque
        case bookkeeping
        case hides(UnsafeRawBufferPointer)

        static func == (left: Whiteout, right: Whiteout) -> Bool {
            switch (left, right) {
            case (.opaque, .opaque), (.bookkeeping, .bookkeeping): true
            case (.hides(let one), .hides(let other)): isEqual(one, other)
            default: false
            }
        }
    }

    /// The whiteout that a name stands for (OCI image spec, layer.md), or nil for an ordinary name.
    static func whiteout(_ name: UnsafeRawBufferPointer) -> Whiteout? {
        guard name.starts(with: ".wh.".utf8) else { return nil }
        if name.elementsEqual(".wh..wh..opq".utf8) { return .opaque }
        if name.starts(with: ".wh..wh.".utf8) { return .bookkeeping }
        let hidden = UnsafeRawBufferPointer(rebasing: name[4...])
        let isName = !hidden.isEmpty && !isDotDot(hidden) && !hidden.elementsEqual(".".utf8)
        return isName ? .hides(hidden) : .bookkeeping
    }

    /// The names of a path, empty ones and "." left out.
    static func split(_ path: UnsafeRawBufferPointer) -> [UnsafeRawBufferPointer] {
        var names: [UnsafeRawBufferPointer] = []
        var start = 0
        for end in 0...path.count where end == path.count || path[end] == UInt8(ascii: "/") {
            // A NUL ends a name for the kernel, so the bytes behind a NUL can never be asked for.
            let name = path[start..<end].prefix { $0 != 0 }
            start = end + 1
            guard !name.isEmpty, !name.elementsEqual(".".utf8) else { continue }
            names.append(UnsafeRawBufferPointer(rebasing: name))
        }
        return names
    }

    /// The last name of a path and the path of its folder, empty for the root, neither cleaned; nil where the last name is none, or needs
    /// cleaning: empty, ".", ".." or one with a NUL.
    static func splitLast(
        _ path: UnsafeRawBufferPointer
    ) -> (folder: UnsafeRawBufferPointer, name: UnsafeRawBufferPointer)? {
        var end = path.count
        if end > 0, path[end - 1] == UInt8(ascii: "/") { end -= 1 }
        var start = end
        while start > 0, path[start - 1] != UInt8(ascii: "/") {
            start -= 1
            guard path[start] != 0 else { return nil }
        }
        let name = UnsafeRawBufferPointer(rebasing: path[start..<end])
        guard !name.isEmpty, name[0] != UInt8(ascii: ".") || name.count > 2 else { return nil }
        return (UnsafeRawBufferPointer(rebasing: path[..<max(start - 1, 0)]), name)
    }

    /// The names of a path as if the root were above it: ".." takes the name before it away, and at the root nothing.
    static func cleaned(_ path: UnsafeRawBufferPointer) -> [UnsafeRawBufferPointer] {
        let names = split(path)
        guard names.contains(where: isDotDot) else { return names }
        var clean: [UnsafeRawBufferPointer] = []
        for name in names {
            if isDotDot(name) { _ = clean.popLast() } else { clean.append(name) }
        }
        return clean
    }

    static func isDotDot(_ name: UnsafeRawBufferPointer) -> Bool {
        name.count == 2 && name[0] == UInt8(ascii: ".") && name[1] == UInt8(ascii: ".")
    }

    static func isEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return false }
        guard let one = left.baseAddress, let other = right.baseAddress else { return true }
        return memcmp(one, other, left.count) == 0
    }

    static func isBefore(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard let one = left.baseAddress, let other = right.baseAddress else {
            return left.count < right.count
        }
        let order = memcmp(one, other, min(left.count, right.count))
        return order != 0 ? order < 0 : left.count < right.count
    }
}
