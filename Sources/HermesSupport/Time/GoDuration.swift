/// Durations as Go writes them, and so the files of containerd and Kubernetes: "300ms", "1m30s", "1.5h".
package enum GoDuration {
    private static let units: [(name: String, milliseconds: Double)] = [
        ("ns", 1e-6), ("us", 1e-3), ("µs", 1e-3), ("μs", 1e-3), ("ms", 1), ("s", 1000), ("m", 60_000),
        ("h", 3_600_000),
    ]

    /// The milliseconds of a duration, at most a year; nil when the text is not a duration, and for a negative one.
    package static func milliseconds(_ text: String) -> Int? {
        guard text.utf8.count <= 64 else { return nil }
        var rest = text.hasPrefix("+") ? text.dropFirst() : text[...]
        if rest == "0" { return 0 }
        var total = 0.0
        repeat {
            let number = rest.prefix { $0 == "." || $0.utf8.allSatisfy(\.isDigit) }
            rest = rest[number.endIndex...]
            let name = rest.prefix { $0 != "." && !$0.utf8.allSatisfy(\.isDigit) }
            rest = rest[name.endIndex...]
            guard let value = Double(number), let unit = units.first(where: { $0.name == name }) else {
                return nil
            }
            total += value * unit.milliseconds
        } while !rest.isEmpty
        return Int(min(total.rounded(.up), 31_536_000_000))
    }
}
