import HermesDaemon
import HermesSupport

extension DaemonCommand {
    private struct Report: Encodable {
        let findings: [NodeFinding]
    }

    /// Prints what was found. Throws `system` when the daemon could not do its work here.
    func checkNode() throws {
        let findings = NodeCheck.findings(
            config: config, root: Self.absolute(root), address: Self.absolute(address))
        switch format {
        case .json: try JSONOutput.print(Report(findings: findings))
        case .table: for finding in findings { print(finding.line) }
        }
        let failed = findings.filter { $0.level == .fail }.count
        guard failed == 0 else {
            throw HermesError(
                .system,
                "this machine does not have all that the daemon needs: \(failed) of \(findings.count) checks failed")
        }
    }
}

extension NodeFinding {
    /// The finding for people. Texts of files cannot move the terminal.
    var line: String {
        let level = level.rawValue + String(repeating: " ", count: 4 - level.rawValue.count)
        return "\(level)  \(subject): \(text)\(remedy.map { " (\($0))" } ?? "")".safeLine
    }
}
