/// Numbers as people read them.
enum Quantity {
    private static let units = ["B", "KiB", "MiB", "GiB", "TiB"]

    /// "4.0 MiB": binary units, one decimal.
    static func bytes(_ count: Int64) -> String {
        var value = Double(count)
        var unit = 0
        while value >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        return unit == 0 ? "\(count) B" : "\(decimal(value, 1)) \(units[unit])"
    }

    /// "1.5 s", "340 ms", "2 m 05 s".
    static func duration(milliseconds: Double) -> String {
        if milliseconds < 1000 { return "\(Int(milliseconds.rounded())) ms" }
        let seconds = Int((milliseconds / 1000).rounded())
        if seconds < 60 { return "\(decimal(milliseconds / 1000, 1)) s" }
        let rest = seconds % 60
        return "\(seconds / 60) m \(rest < 10 ? "0" : "")\(rest) s"
    }

    /// "0.25 %".
    static func percent(_ part: Int64, of whole: Int64) -> String {
        whole > 0 ? "\(decimal(100 * Double(part) / Double(whole), 2)) %" : "-"
    }

    static func decimal(_ value: Double, _ places: Int) -> String {
        var scale = 1
        for _ in 0..<places { scale *= 10 }
        let scaled = Int((value * Double(scale)).rounded())
        let fraction = String(abs(scaled) % scale)
        let padding = String(repeating: "0", count: max(0, places - fraction.count))
        return "\(scaled < 0 ? "-" : "")\(abs(scaled) / scale)" + (places > 0 ? "." + padding + fraction : "")
    }
}
