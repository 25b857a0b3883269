import HermesBench
import HermesSupport
import Testing

@Suite struct NodePoolTests {
    @Test func readsANameAndLabels() throws {
        let pool = try NodePool(parsing: "plain nodes=pool=plain,kubernetes.io/os=linux,empty=")
        #expect(pool.name == "plain nodes")
        #expect(pool.labels.map(\.key) == ["pool", "kubernetes.io/os", "empty"])
        #expect(pool.labels.map(\.value) == ["plain", "linux", ""])
    }

    @Test(arguments: [
        "", "name", "name=", "=a=b", "n=a", "n=a=b,", "n=,a=b", "n=a=b,a=c", "n==b", "n=a=b=c", "n\u{7}=a=b",
    ])
    func refusesWhatIsNoSelector(text: String) {
        #expect(throws: HermesError.self) { try NodePool(parsing: text) }
    }
}
