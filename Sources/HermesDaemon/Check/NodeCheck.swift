import Glibc
import HermesCore
import HermesHTTP
import HermesSupport

/// Looks whether a machine has what a daemon needs. Changes nothing.
package enum NodeCheck {
    /// Milliseconds that the controller has to answer.
    private static let patience = 2000
    /// The largest configuration of containerd's that is read, in bytes.
    private static let sizeLimit = 1 << 20

    /// Looks at the machine for a daemon with these options. Blocks, for 2 seconds at most where the controller is silent.
    package static func findings(config: String?, root: String, address: String) -> [NodeFinding] {
        var facts = NodeFacts()
        var name = utsname()
        if uname(&name) == 0 {
            facts.release = withUnsafeBytes(of: &name.release) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
        }
        facts.user = geteuid()
        do {
            (facts.settings, facts.warnings) = try DaemonConfiguration.read(config)
        } catch {
            facts.settingsFault = "\(error)"
        }
        facts.fuse = deviceFault()
        facts.root = FolderFacts(root)
        facts.address = address
        facts.socketFolder = FolderFacts(String(address[..<(address.lastIndex(of: "/") ?? address.startIndex)]))
        facts.isServed = isServed(address)
        facts.hosts = hosts()
        facts.controller = controller(facts.settings?.artifactStore)
        facts.containerd = containerd()
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            facts.descriptors = UInt64(limit.rlim_max)
        }
        return facts.findings()
    }

    private static func deviceFault() -> SystemError? {
        let device = open("/dev/fuse", O_RDWR | O_CLOEXEC)
        guard device >= 0 else { return .last }
        close(device)
        return nil
    }

    private static func isServed(_ address: String) -> Bool {
        guard let socket = try? UnixSocket.connect(address) else { return false }
        close(socket)
        return true
    }

    private static func hosts() -> NodeFacts.Hosts {
        let folder = HostsFolder.standard
        do {
            let names = try FolderListing.names(in: folder.path)
            let faults = names.sorted().compactMap { name -> String? in
                do {
                    _ = try folder.file(for: name)
                    return nil
                } catch {
                    return "\(error)"
                }
            }
            return .read(names.count, faults: faults)
        } catch  where error.number == ENOENT {
            return .missing
        } catch {
            return .unreadable("cannot read \(folder.path): \(error)")
        }
    }

    private static func controller(_ store: DaemonConfiguration.ArtifactStore?) -> NodeFacts.Controller {
        guard let store, store.isEnabled, let endpoint = store.endpoint else { return .isNotAsked }
        do {
            let http = try HTTPClient()
            defer { http.close() }
            let status = try waiting(until: .now().adding(milliseconds: patience)) {
                try await ControllerClient(endpoint, http: http).health(timeLimit: patience / 1000)
            }
            guard status == 200 else { return .fails(endpoint.display, cause: "its status is \(status)") }
            return .answers(endpoint.display)
        } catch {
            return .fails(endpoint.display, cause: "\(error)")
        }
    }

    private static func containerd() -> NodeFacts.Containerd {
        do {
            return .read(try LocalFile.read(NodeFacts.containerdPath, limit: sizeLimit))
        } catch let error as HermesError where error.code == .notFound {
            return .missing
        } catch {
            return .unreadable("\(error)")
        }
    }
}
