import HermesSupport

/// A kubeconfig of one or more files, merged as kubectl does: of two entries with one name the first counts, and so
/// does the first current-context (Kubernetes, "Organizing Cluster Access Using kubeconfig Files").
struct Kubeconfig {
    /// An entry and the folder that its relative paths are relative to.
    struct Entry {
        let value: YAML
        let folder: String

        /// A path that the entry has under `key`, made absolute; nil without one.
        func path(_ key: String) throws -> String? { try text(key).map(absolute) }

        /// A text that the entry has under `key`; nil when it is missing or empty.
        func text(_ key: String) throws -> String? {
            let text = try value.optional(key)?.string()
            return text?.isEmpty == true ? nil : text
        }

        /// Whether the entry has `key` with the value true.
        func isTrue(_ key: String) throws -> Bool { try value.optional(key)?.bool() ?? false }

        func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(folder)/\(path)" }
    }

    private(set) var currentContext: String?
    private var clusters: [String: Entry] = [:]
    private var users: [String: Entry] = [:]
    private var contexts: [String: Entry] = [:]

    /// Reads the files, of which those that do not exist are left out. Throws `notFound` when none exists, `corrupt`
    /// for a file that is not a kubeconfig, and as a file that cannot be read does.
    init(files: [String]) throws {
        var isThere = false
        for file in files {
            do {
                try add(LocalFile.read(file, limit: ClusterConfiguration.fileLimit), path: file)
                isThere = true
            } catch let error as HermesError where error.code == .notFound {
                guard files.count > 1 else { throw error }
            }
        }
        guard isThere else {
            let names = files.joined(separator: ", ").printable(300)
            throw HermesError(.notFound, "there is no kubeconfig: none of \(names) exists")
        }
    }

    private mutating func add(_ bytes: [UInt8], path: String) throws {
        // An empty file is an empty configuration.
        let document = try YAML.parse(bytes, name: path.printable(300))
        guard !document.isNull else { return }
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        func entries(_ list: String, _ member: String) throws -> [(String, Entry)] {
            try document.optional(list)?.list().compactMap { item in
                guard let value = try item.optional(member) else { return nil }
                return (try item.member("name").string(), Entry(value: value, folder: folder))
            } ?? []
        }
        clusters.merge(try entries("clusters", "cluster")) { first, _ in first }
        users.merge(try entries("users", "user")) { first, _ in first }
        contexts.merge(try entries("contexts", "context")) { first, _ in first }
        if currentContext == nil, let current = try document.optional("current-context")?.string(), !current.isEmpty {
            currentContext = current
        }
    }

    func context(_ name: String) throws -> Entry { try find(name, "context", in: contexts) }
    func cluster(_ name: String) throws -> Entry { try find(name, "cluster", in: clusters) }
    func user(_ name: String) throws -> Entry { try find(name, "user", in: users) }

    private func find(_ name: String, _ kind: String, in entries: [String: Entry]) throws -> Entry {
        guard let entry = entries[name] else {
            throw HermesError(.notFound, "the kubeconfig has no \(kind) \"\(name.printable(100))\"")
        }
        return entry
    }
}
