import HermesSupport

extension HostsFile {
    /// Reads a hosts.toml. Throws `corrupt` with the line or the field that is wrong. Fields that are not known are left
    /// out, as containerd does. Pure.
    package static func parse(_ bytes: [UInt8]) throws -> HostsFile {
        guard bytes.count <= sizeLimit else {
            throw HermesError(.corrupt, "it is larger than \(sizeLimit) bytes")
        }
        let root = try TOMLParser.parse(bytes)
        var file = HostsFile()
        file.server = try Host(root, url: text(root["server"], "server"))
        switch root["host"] {
        case nil: break
        case .table(let hosts):
            for url in hosts.keys {
                guard case .table(let table) = hosts[url] else { throw wrong("host.\"\(url.printable(80))\"") }
                file.hosts.append(try Host(table, url: url))
            }
        default: throw wrong("host")
        }
        guard file.hosts.count <= 64 else { throw HermesError(.corrupt, "it has more than 64 hosts") }
        return file
    }

    fileprivate static func wrong(_ field: String) -> HermesError {
        HermesError(.corrupt, "\(field) has the wrong type")
    }

    fileprivate static func text(_ value: TOMLValue?, _ field: String) throws -> String? {
        switch value {
        case nil: return nil
        // The texts become paths and URLs for C.
        case .string(let text) where !text.utf8.contains(0): return text.isEmpty ? nil : text
        default: throw wrong(field)
        }
    }

    fileprivate static func flag(_ value: TOMLValue?, _ field: String) throws -> Bool? {
        switch value {
        case nil: return nil
        case .boolean(let flag): return flag
        default: throw wrong(field)
        }
    }

    /// A text or an array of texts.
    fileprivate static func texts(_ value: TOMLValue?, _ field: String) throws -> [String] {
        guard case .array(let elements) = value else { return try text(value, field).map { [$0] } ?? [] }
        return try elements.map {
            guard let text = try text($0, field) else { throw wrong(field) }
            return text
        }
    }
}

extension HostsFile.Host {
    fileprivate init(_ table: TOMLTable, url: String?) throws {
        self.url = url.map { $0.hasPrefix("http") ? $0 : "https://\($0)" }
        let words = try HostsFile.texts(table["capabilities"], "capabilities")
        if !words.isEmpty { capabilities = try HostCapabilities(words) }
        authorities = try HostsFile.texts(table["ca"], "ca")
        clients = try Self.clients(table["client"])
        skipVerify = try HostsFile.flag(table["skip_verify"], "skip_verify")
        overridePath = try HostsFile.flag(table["override_path"], "override_path") ?? false
        headers = try Self.headers(table["header"])
        if let text = try HostsFile.text(table["dial_timeout"], "dial_timeout") {
            guard let milliseconds = GoDuration.milliseconds(text) else {
                throw HermesError(.corrupt, "dial_timeout \"\(text.printable(40))\" is not a duration such as \"1s\"")
            }
            dialTimeout = milliseconds
        }
        proxy = try HostsFile.text(table["proxy"], "proxy")
    }

    /// A path, an array of paths, or an array of pairs of paths, of which the second may be empty.
    private static func clients(_ value: TOMLValue?) throws -> [HostsFile.ClientCertificate] {
        guard case .array(let elements) = value else {
            return try HostsFile.texts(value, "client").map { .init(certificate: $0, key: nil) }
        }
        return try elements.map { element in
            guard case .array(let pair) = element else {
                guard let path = try HostsFile.text(element, "client") else { throw HostsFile.wrong("client") }
                return .init(certificate: path, key: nil)
            }
            guard pair.count == 2, let path = try HostsFile.text(pair[0], "client") else {
                throw HostsFile.wrong("client")
            }
            return .init(certificate: path, key: try HostsFile.text(pair[1], "client"))
        }
    }

    private static func headers(_ value: TOMLValue?) throws -> [HostsFile.HostHeader] {
        guard let value else { return [] }
        guard case .table(let table) = value else { throw HostsFile.wrong("header") }
        return try table.keys.flatMap { name -> [HostsFile.HostHeader] in
            let values = try HostsFile.texts(table[name], "header.\(name.printable(60))")
            let isToken = !name.isEmpty && name.utf8.allSatisfy { $0.isAlphanumeric || $0 == 0x2d }
            guard isToken, !values.contains(where: { $0.utf8.contains { $0 < 0x20 && $0 != 0x09 || $0 == 0x7f } })
            else {
                throw HermesError(.corrupt, "header.\(name.printable(60)) has characters that HTTP forbids")
            }
            return values.map { HostsFile.HostHeader(name: name, value: $0) }
        }
    }
}

extension HostCapabilities {
    fileprivate init(_ words: [String]) throws {
        self = []
        for word in words {
            switch word.lowercased() {
            case "pull": insert(.pull)
            case "resolve": insert(.resolve)
            case "push": insert(.push)
            // Hermes has no use for the capabilities that newer versions add.
            case "referrers": break
            default: throw HermesError(.corrupt, "capability \"\(word.printable(40))\" is not known")
            }
        }
    }
}
