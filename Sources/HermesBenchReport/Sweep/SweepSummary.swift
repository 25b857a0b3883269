/// The figures of a sweep: medians of the starts that completed, and where a side takes as long as the first one.
package struct SweepSummary: Encodable, Sendable, Equatable {
    package struct Row: Encodable, Sendable, Equatable {
        package let share: Double
        /// In the order of the report.
        package let sides: [Figures]
    }

    package struct Figures: Encodable, Sendable, Equatable {
        package let name: String
        /// Seconds until the share was read; nil where no start completed.
        package let seconds: Distribution?
        /// The median by that of the first side; nil for the first, and where one is not known.
        package let ratio: Double?
        /// Bytes from the registry until then; nil where they are not known.
        package let networkBytes: Distribution?
        /// Starts that did not complete.
        package let failed: Int
    }

    package let rows: [Row]
    /// One for each side but the first.
    package let crossovers: [Crossover]

    package init(_ shares: [Sweep.Share]) {
        rows = shares.map { share in
            let first = share.sides.first.flatMap { Self.seconds($0)?.median }
            return Row(
                share: share.share,
                sides: share.sides.enumerated().map { Self.figures($1, first: $0 > 0 ? first : nil) })
        }
        let rows = rows
        let names = shares.first?.sides.map(\.name) ?? []
        crossovers = names.indices.dropFirst().map { side in
            Crossover(
                name: names[side], first: names[0],
                rows.compactMap { row in
                    guard let first = row.sides[0].seconds, let other = row.sides[side].seconds else { return nil }
                    return .init(share: row.share, difference: other.median - first.median)
                })
        }
    }

    private static func figures(_ side: BenchReport.Side, first: Double?) -> Figures {
        let seconds = seconds(side)
        let complete = side.starts.filter(\.isComplete)
        let ratio = first.flatMap { first in first > 0 ? seconds.map { $0.median / first } : nil }
        return Figures(
            name: side.name, seconds: seconds, ratio: ratio,
            networkBytes: Distribution(complete.compactMap { $0.transfer?.networkBytes.map(Double.init) }),
            failed: side.starts.count - complete.count)
    }

    private static func seconds(_ side: BenchReport.Side) -> Distribution? {
        Distribution(side.starts.filter(\.isComplete).compactMap(\.totalSeconds))
    }
}
