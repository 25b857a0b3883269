/// One metric with the values that it has now, as Prometheus's text format groups them.
package struct MetricFamily: Sendable {
    /// The meaning of the values over time.
    package enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    /// One line of values.
    package struct Sample: Sendable {
        /// The suffix that a histogram adds to the metric's name.
        package let suffix: String
        package let labels: [(name: String, value: String)]
        package let value: Double

        package init(suffix: String = "", labels: [(name: String, value: String)] = [], value: Double) {
            self.suffix = suffix
            self.labels = labels
            self.value = value
        }
    }

    /// Letters, digits and underscores, ending in the base unit and, for counters, "_total".
    package let name: String
    /// One sentence for people.
    package let help: String
    package let kind: Kind
    package let samples: [Sample]

    package init(name: String, help: String, kind: Kind, samples: [Sample]) {
        self.name = name
        self.help = help
        self.kind = kind
        self.samples = samples
    }

    /// A counter without labels.
    package static func counter(_ name: String, _ help: String, _ value: Int) -> MetricFamily {
        MetricFamily(name: name, help: help, kind: .counter, samples: [Sample(value: Double(value))])
    }

    /// A gauge without labels.
    package static func gauge(_ name: String, _ help: String, _ value: Double) -> MetricFamily {
        MetricFamily(name: name, help: help, kind: .gauge, samples: [Sample(value: value)])
    }
}

extension MetricFamily {
    /// The metric in Prometheus's text exposition format, version 0.0.4
    /// (prometheus.io/docs/instrumenting/exposition_formats).
    package var text: String {
        var text = "# HELP \(name) \(Self.escaped(help))\n# TYPE \(name) \(kind.rawValue)\n"
        for sample in samples {
            text += name + sample.suffix
            if !sample.labels.isEmpty {
                let labels = sample.labels.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }
                text += "{\(labels.joined(separator: ","))}"
            }
            text += " \(Self.number(sample.value))\n"
        }
        return text
    }

    /// A number as Go's ParseFloat reads it; whole numbers without a fraction.
    package static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        // Doubles hold whole numbers exactly up to 2^53.
        if let whole = Int(exactly: value), abs(whole) <= 1 << 53 { return "\(whole)" }
        return "\(value)"
    }

    private static func escaped(_ text: String, quotes: Bool = false) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
