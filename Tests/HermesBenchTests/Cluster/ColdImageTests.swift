import HermesKubernetes
import HermesSupport
import Testing

@testable import HermesBench

/// Against what a kubelet reports: the Pulling event, which comes with imagePullPolicy Always even for an image that is
/// there, and the images of its node's status.
@Suite struct ColdImageTests {
    private func start(_ reasons: String...) -> PodStartMachine {
        var machine = PodStartMachine(container: "main", begin: .now())
        for reason in reasons {
            let subject = ReportedEvent.Subject(fieldPath: "spec.containers{main}")
            machine.observe(
                ReportedEvent(metadata: ObjectMeta(name: "e"), involvedObject: subject, reason: reason), at: .now())
        }
        return machine
    }

    private func node(_ images: [[String]]?) throws -> Node {
        var node = try JSON.decode(Node.self, from: Array(#"{"metadata":{"name":"n"},"status":{}}"#.utf8), name: "node")
        node.status?.images = images?.map { Node.Image(names: $0) }
        return node
    }

    @Test func isColdWhereItWasPulled() {
        let image = ColdImage(isAlwaysPulled: false, nodeHadImage: true)
        #expect(image.isCold(start("Pulling", "Pulled")))
        #expect(image.isCold(start("Pulling")))
        #expect(!image.isCold(start("Pulled")))
        #expect(!image.isCold(start()))
    }

    @Test func aPullThatAlwaysComesProvesNothing() {
        #expect(!ColdImage(isAlwaysPulled: true, nodeHadImage: true).isCold(start("Pulling", "Pulled")))
        #expect(!ColdImage(isAlwaysPulled: true, nodeHadImage: nil).isCold(start("Pulling", "Pulled")))
        #expect(ColdImage(isAlwaysPulled: true, nodeHadImage: false).isCold(start("Pulling", "Pulled")))
    }

    @Test func theNodeDecidesWithoutEvents() {
        #expect(ColdImage(isAlwaysPulled: false, nodeHadImage: false).isCold(start()))
        #expect(!ColdImage(isAlwaysPulled: false, nodeHadImage: nil).isCold(start()))
        // The status of a node is old: the node found the image.
        #expect(!ColdImage(isAlwaysPulled: false, nodeHadImage: false).isCold(start("Pulled")))
    }

    @Test func findsAnImageByEachOfItsNames() throws {
        let digest = "sha256:" + String(repeating: "a", count: 64)
        let node = try node([
            ["docker.io/library/busybox:1.36", "docker.io/library/busybox@\(digest)"], ["r.example/a/b:latest"],
        ])
        for name in ["busybox:1.36", "docker.io/library/busybox:1.36", "busybox@\(digest)", "r.example/a/b"] {
            #expect(ColdImage.has(name, on: node, isKnown: false) == true)
        }
        for name in ["busybox", "r.example/busybox:1.36", "r.example/a/b:2"] {
            #expect(ColdImage.has(name, on: node, isKnown: false) == false)
            #expect(ColdImage.has(name, on: node, isKnown: true) == true)
        }
    }

    @Test func aFullOrMissingListProvesNothing() throws {
        #expect(ColdImage.has("a/b", on: try node(nil), isKnown: false) == nil)
        #expect(ColdImage.has("a/b", on: try node([]), isKnown: false) == false)
        let full = try node((0..<50).map { ["r.example/image:\($0)"] })
        #expect(ColdImage.has("a/b", on: full, isKnown: false) == nil)
        #expect(ColdImage.has("r.example/image:7", on: full, isKnown: false) == true)
    }
}
