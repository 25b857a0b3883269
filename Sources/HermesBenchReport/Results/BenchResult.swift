/// What a bench other than that of starts found out, as `--format json` writes it (docs/bench.md has the fields): the fields of the
/// content beside those that say what was measured, where and when.
package struct BenchResult<Content: Encodable & Sendable>: Encodable, Sendable {
    package let tool: BenchReport.Tool
    package let taken: String
    package let machine: BenchReport.Machine
    package let workload: BenchReport.Workload
    /// It has no field of these names.
    package let content: Content

    /// `report` says what was measured, where and when.
    package init(_ report: BenchReport, _ content: Content) {
        tool = report.tool
        taken = report.taken
        machine = report.machine
        workload = report.workload
        self.content = content
    }

    private enum Key: String, CodingKey { case format, tool, taken, machine, workload }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        // Fields are added under the same number; a change of meaning gets another.
        try container.encode(1, forKey: .format)
        try container.encode(tool, forKey: .tool)
        try container.encode(taken, forKey: .taken)
        try container.encode(machine, forKey: .machine)
        try container.encode(workload, forKey: .workload)
        try content.encode(to: encoder)
    }
}
