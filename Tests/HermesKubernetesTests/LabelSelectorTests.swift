import HermesKubernetes
import Testing

/// Against the rules of the API documentation of meta/v1 LabelSelector.
@Suite struct LabelSelectorTests {
    @Test func selectsEverythingWithoutDemands() {
        #expect(LabelSelector().matches([:]))
        #expect(LabelSelector(matchLabels: [:], matchExpressions: []).matches(["a": "b"]))
    }

    @Test func wantsEveryLabel() {
        let selector = LabelSelector(matchLabels: ["a": "1", "b": "2"])
        #expect(selector.matches(["a": "1", "b": "2", "c": "3"]))
        #expect(!selector.matches(["a": "1"]))
        #expect(!selector.matches(["a": "1", "b": "3"]))
    }

    @Test(arguments: [
        ("In", ["1", "2"], true, false, false), ("NotIn", ["1", "2"], false, true, true),
        ("Exists", [], true, true, false), ("DoesNotExist", [], false, false, true), ("Gt", ["0"], false, false, false),
    ])
    func meetsExpressions(_ name: String, _ values: [String], _ one: Bool, _ three: Bool, _ none: Bool) {
        let selector = LabelSelector(matchExpressions: [.init(key: "a", operator: name, values: values)])
        #expect(selector.matches(["a": "1"]) == one)
        #expect(selector.matches(["a": "3"]) == three)
        #expect(selector.matches(["b": "1"]) == none)
    }
}
