import Glibc

/// The axis of seconds of a chart, from 0 to at least the largest value, with a mark at each round number.
struct SVGScale {
    /// Where the axis begins and ends, in the chart's units.
    static let left = 150.0
    static let right = 800.0
    /// The width of a chart; the room beside the axis is for text.
    static let width = 960

    /// Seconds between two marks: 1, 2 or 5 times a power of ten.
    private let step: Double
    /// The number of marks behind 0; at most 10.
    private let count: Int

    /// `maximum` is in seconds, 0 to a few days.
    init(maximum: Double) {
        let maximum = max(maximum, 0.001)
        let power = pow(10, floor(log10(maximum / 5)))
        step = [1, 2, 5, 10].map { $0 * power }.first { maximum <= $0 * 8 } ?? power * 10
        count = max(1, Int((maximum / step).rounded(.up)))
    }

    /// The place of a value in the chart.
    func x(_ seconds: Double) -> Double {
        Self.left + (Self.right - Self.left) * seconds / (step * Double(count))
    }

    /// The marks with their seconds, as lines down to `bottom`.
    func svg(bottom: Double) -> String {
        (0...count).map { index in
            let seconds = Double(index) * step
            let x = Self.number(x(seconds))
            return """
                <line class="grid" x1="\(x)" y1="0" x2="\(x)" y2="\(Self.number(bottom))"/>\
                <text class="mark" x="\(x)" y="\(Self.number(bottom + 14))">\(label(seconds))</text>
                """
        }.joined(separator: "\n")
    }

    private func label(_ seconds: Double) -> String {
        let places = step >= 1 ? 0 : step >= 0.1 ? 1 : step >= 0.01 ? 2 : 4
        return "\(Quantity.decimal(seconds, places)) s"
    }

    /// A coordinate, to a tenth of a unit.
    static func number(_ value: Double) -> String { Quantity.decimal(value, 1) }
}
