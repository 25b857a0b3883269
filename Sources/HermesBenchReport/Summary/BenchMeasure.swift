/// A time of a start that is compared, in seconds.
package enum BenchMeasure: Hashable, Sendable {
    /// How long a phase took.
    case phase(BenchReport.Phase.Name)
    /// The sum of all phases.
    case total
    /// Until it was ready, by the end of that phase.
    case untilReady
    case firstByte, firstToken
    /// Until the node had the whole image.
    case wholeImage

    /// In the order in which people read them.
    package static let all =
        BenchReport.Phase.Name.allCases.map(Self.phase) + [.total, .untilReady, .firstByte, .firstToken, .wholeImage]

    package var name: String {
        switch self {
        case .phase(let name): name.rawValue
        case .total: "total"
        case .untilReady: "until ready"
        case .firstByte: "first byte"
        case .firstToken: "first token"
        case .wholeImage: "whole image"
        }
    }

    /// The seconds of a start; nil where it does not have them.
    package func seconds(of start: BenchReport.Start) -> Double? {
        switch self {
        case .phase(let name): start.phase(name)?.seconds
        case .total: start.totalSeconds
        case .untilReady: start.readySeconds
        case .firstByte: start.firstByteSeconds
        case .firstToken: start.firstTokenSeconds
        case .wholeImage: start.completeSeconds
        }
    }
}
