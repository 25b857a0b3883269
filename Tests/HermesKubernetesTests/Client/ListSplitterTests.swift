import HermesSupport
import HermesTestKit
import Testing

@testable import HermesKubernetes

/// Against the grammar of RFC 8259.
@Suite struct ListSplitterTests {
    private func split(_ text: String) -> (envelope: String, items: [String]) {
        let bytes = Array(text.utf8)
        let page = ListSplitter(bytes)
        return (page.envelope.text, page.items.map { Array(bytes[$0]).text.trimmingASCIISpace })
    }

    @Test func objectsAreTakenOut() {
        let page = split(
            #"{"kind": "L", "items": [ {"a": [1, {"b": 2}]} , {"c": 3},4 ], "metadata": {"continue": "x"}}"#)
        #expect(page.envelope == #"{"kind": "L", "items": [], "metadata": {"continue": "x"}}"#)
        #expect(page.items == [#"{"a": [1, {"b": 2}]}"#, #"{"c": 3}"#, "4"])
    }

    @Test(arguments: [
        #"{"items": []}"#, "{\"items\": [ \n\t]}", #"{"items": null}"#, #"{"other": [1, 2]}"#,
        #"{"metadata": {"items": [1, 2]}}"#,
    ])
    func thereMayBeNone(text: String) { #expect(split(text).items == []) }

    @Test func stringsMayHaveBracketsAndQuotes() {
        let item = #"{"a": "],}[{\"\\", "items": [1, 2], "\\\"]": "ä"}"#
        let page = split(#"{"x": "items", "y": ["items", [3]], "items": [\#(item), \#(item)]}"#)
        #expect(page.items == [item, item])
        #expect(page.envelope == #"{"x": "items", "y": ["items", [3]], "items": []}"#)
    }

    @Test(arguments: [
        #"{"metadata": {"resourceVersion": "1"}, "items": [{"metadata": {"name": "a"}},]}"#,
        #"{"metadata": {"resourceVersion": "1"}, "items": [,{"metadata": {"name": "a"}}]}"#,
        #"{"metadata": {"resourceVersion": "1"}, "items": [{"metadata": {"name": "a"}} {"metadata": {"name": "b"}}]}"#,
        #"{"metadata": {"resourceVersion": "1"}, "items": [{"metadata": {"name": "a"}}"#,
        #"{"metadata": {"resourceVersion": "1"}, "items": [{"metadata": {"name": "a}]}"#,
        #"{"metadata": {"resourceVersion": "1"}, "items": [{"metadata": {"name": "a"}}]]}"#,
        #"{"metadata": {"resourceVersion": "1"}, "items": {"0": {"metadata": {"name": "a"}}}}"#,
        #"{"metadata": {"resourceVersion": "1"}, "it\u0065ms": [{"metadata": {"name": "a"}}]}"#,
        #"[{"items": [{"metadata": {"name": "a"}}]}]"#,
        "]]]]}}}}", "{\"items\": [\"\\", String(repeating: "[", count: 1_000_000),
    ])
    func whatIsNoListIsRefused(text: String) {
        let error = #expect(throws: HermesError.self) {
            try KubernetesPage<ConfigMap>(Array(text.utf8), name: "the page")
        }
        #expect(error?.code == .corrupt)
    }

    @Test func aBadObjectIsNamed() {
        let text = #"{"metadata": {"resourceVersion": "1"}, "items": [{"metadata": {"name": "a"}}, {"metadata": {}}]}"#
        let error = #expect(throws: HermesError.self) {
            try KubernetesPage<ConfigMap>(Array(text.utf8), name: "the page")
        }
        #expect(error.map { "\($0)" } == "object 1 of the page is not valid: metadata.name is missing")
    }
}
