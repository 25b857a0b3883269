import HermesCore
import Testing

@testable import HermesDaemon

/// The labels are those that containerd 1.6.20, 1.7.24 and 2.1.9 send alike, the latter by its transfer service too.
@Suite struct ContainerdLabelsTests {
    private let labels = [
        "containerd.io/snapshot.ref": "sha256:bb85f084a9d5f5738bf3309af0e3e20921392a7c0b4e4fe3d79cfe485028ba34",
        "containerd.io/snapshot/cri.image-layers":
            "sha256:76fc2b5b39ac00f164cb1220b5d73ec60804ce34b34f8322cfda6deebe270277",
        "containerd.io/snapshot/cri.image-ref": "127.0.0.1:33179/test/small:latest",
        "containerd.io/snapshot/cri.layer-digest":
            "sha256:76fc2b5b39ac00f164cb1220b5d73ec60804ce34b34f8322cfda6deebe270277",
        "containerd.io/snapshot/cri.manifest-digest":
            "sha256:769068d8bb766fde1f45a1ca1f1d98a9406054a80c1d1e93c89c0a8560a5aa1f",
    ]

    @Test func containerdsLabelsAreRead() throws {
        let request = try #require(LazyRequest(labels))
        #expect("\(request.reference)" == "127.0.0.1:33179/test/small:latest")
        #expect("\(request.manifest)" == labels["containerd.io/snapshot/cri.manifest-digest"])
        #expect("\(request.target)" == labels["containerd.io/snapshot.ref"])
        #expect(request.layer.map { "\($0)" } == labels["containerd.io/snapshot/cri.layer-digest"])
    }

    /// The transfer service sends the first label alone where the proxy's exports do not ask for the others.
    @Test(arguments: ["snapshot.ref", "snapshot/cri.image-ref", "snapshot/cri.manifest-digest"])
    func aLabelThatIsMissingOrWrongMakesNoRequest(name: String) {
        var labels = labels
        for value in [nil, "", "a b", "\0"] {
            labels["containerd.io/\(name)"] = value
            #expect(LazyRequest(labels) == nil, "\(value ?? "missing")")
        }
    }

    @Test(arguments: ["snapshot.ref", "snapshot/cri.manifest-digest"])
    func aDigestOfAnotherFormMakesNoRequest(name: String) {
        var labels = labels
        for value in ["sha256:76fc", "sha512:\(String(repeating: "a", count: 128))", "test/small:latest"] {
            labels["containerd.io/\(name)"] = value
            #expect(LazyRequest(labels) == nil, "\(value)")
        }
    }
}
