import HermesTestKit
import Testing

@testable import hermes

@Suite struct TextTableTests {
    @Test func alignsColumns() {
        var table = TextTable(["NAME", "SIZE"], numeric: [1])
        table.append(["a", "1"])
        table.append(["longer", "12345"])
        #expect(table.text == "NAME     SIZE\na           1\nlonger  12345")
    }

    @Test func leavesNoSpacesAtTheEnd() {
        var table = TextTable(["A", "B"], numeric: [])
        table.append(["1", "long"])
        #expect(table.text == "A  B\n1  long")
    }
}
