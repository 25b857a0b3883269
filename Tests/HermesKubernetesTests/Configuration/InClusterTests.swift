import HermesSupport
import HermesTestKit
import Testing

@testable import HermesKubernetes

/// Against Kubernetes, "Accessing the Kubernetes API from a Pod".
@Suite struct InClusterTests {
    private let folder: TestFolder

    init() throws {
        folder = try TestFolder()
        _ = try folder.write("token", Array("secret\n".utf8))
        _ = try folder.write("ca.crt", Array("PEM".utf8))
    }

    private func configuration(_ host: String?, _ port: String? = "443") throws -> ClusterConfiguration {
        try ClusterConfiguration.inCluster(account: folder.path) { name in
            switch name {
            case "KUBERNETES_SERVICE_HOST": host
            case "KUBERNETES_SERVICE_PORT": port
            default: nil
            }
        }
    }

    @Test(arguments: [("10.96.0.1", "https://10.96.0.1:443"), ("fd00::1", "https://[fd00::1]:443")])
    func readsWhatAKubeletGives(host: String, origin: String) throws {
        _ = try folder.write("namespace", Array("team\n".utf8))
        let configuration = try configuration(host)
        #expect(configuration.server.origin == origin)
        #expect(configuration.authorities == Array("PEM".utf8))
        #expect(configuration.verifies)
        #expect(configuration.namespace == "team")
        guard case .tokenFile(let path) = configuration.credentials else {
            Issue.record("\(configuration.credentials)")
            return
        }
        #expect(path == "\(folder.path)/token")
    }

    @Test func theNamespaceIsDefaultWithoutAFile() throws {
        #expect(try configuration("10.96.0.1").namespace == "default")
    }

    @Test(arguments: [(nil, "443"), ("10.96.0.1", nil)] as [(String?, String?)])
    func elsewhereThereIsNone(host: String?, port: String?) {
        let error = #expect(throws: HermesError.self) { try configuration(host, port) }
        #expect(error?.code == .notFound)
    }
}
