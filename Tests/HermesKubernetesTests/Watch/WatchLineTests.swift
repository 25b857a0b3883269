import HermesSupport
import Testing

@testable import HermesKubernetes

/// Against meta/v1 WatchEvent.
@Suite struct WatchLineTests {
    private func read(_ text: String) throws -> WatchLine<ConfigMap> {
        try JSON.decode(WatchLine<ConfigMap>.self, from: Array(text.utf8), name: "the line")
    }

    @Test(arguments: ["ADDED", "MODIFIED", "DELETED"]) func aLineHasAnObject(type: String) throws {
        let text =
            #"{"type": "\#(type)", "object": {"metadata": {"name": "a", "resourceVersion": "9"}, "data": {"k": "v"}}}"#
        let line = try read(text)
        #expect(line.version == "9")
        switch line {
        case .changed(let object): #expect(type != "DELETED" && object.data == ["k": "v"])
        case .deleted(let object): #expect(type == "DELETED" && object.metadata.name == "a")
        default: Issue.record("\(line)")
        }
    }

    /// As servers send it, most fields of the object are empty.
    @Test func aBookmarkHasOnlyAVersion() throws {
        let line = try read(
            #"{"type": "BOOKMARK", "object": {"kind": "Pod", "metadata": {"resourceVersion": "12", "creationTimestamp": null}, "spec": {"containers": null}, "status": {}}}"#
        )
        guard case .bookmark("12") = line else {
            Issue.record("\(line)")
            return
        }
        #expect(line.version == "12")
    }

    @Test func anErrorHasAStatus() throws {
        let line = try read(
            #"{"type": "ERROR", "object": {"kind": "Status", "metadata": {}, "status": "Failure", "message": "too old", "reason": "Expired", "code": 410}}"#
        )
        guard case .failed(let status) = line else {
            Issue.record("\(line)")
            return
        }
        #expect(status.isGone && line.version == nil)
    }

    @Test(arguments: [
        "", "x", "[]", "{}", #"{"type": "ADDED"}"#, #"{"type": "OTHER", "object": {}}"#,
        #"{"type": "ADDED", "object": {"metadata": {}}}"#,
        #"{"type": "BOOKMARK", "object": {"metadata": {}}}"#, String(repeating: "[", count: 100_000),
    ])
    func anythingElseIsRefused(text: String) {
        let error = #expect(throws: HermesError.self) { try read(text) }
        #expect(error?.code == .corrupt)
    }
}
