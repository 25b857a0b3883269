import HermesSupport

/// A report of a bench, written by hand: the sides overlayfs and hermes, five rounds with a cold and a warm start each. The cold
/// start of hermes failed in round 2 and timed out in round 4.
package enum BenchReportFixture {
    package static let path = Fixture.path("bench-report.json")

    package static func bytes() throws -> [UInt8] { try LocalFile.read(path, limit: 1 << 20) }
}
