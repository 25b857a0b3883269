import HermesSupport

/// What request headers say about the form of an answer (RFC 9110). Pure.
enum RequestConditions {
    /// Whether one of the entity tags in an If-None-Match header is `tag`, which has its quotes (section 13.1.2).
    static func matches(_ header: String?, _ tag: String) -> Bool {
        guard let header else { return false }
        return header.split(separator: ",").contains { member in
            let member = member.trimmingASCIISpace
            // The comparison is the weak one.
            return member == "*" || member == tag || member == "W/\(tag)"
        }
    }

    /// Whether an Accept-Encoding header takes `coding`, by its name and not by "*" (section 12.5.3).
    static func accepts(_ header: String?, _ coding: String) -> Bool {
        guard let header else { return false }
        return header.split(separator: ",").contains { member in
            let parts = member.split(separator: ";").map(\.trimmingASCIISpace)
            guard parts.first?.lowercased() == coding else { return false }
            return !parts.dropFirst().contains { parameter in
                let words = parameter.lowercased().split(separator: "=").map(\.trimmingASCIISpace)
                return words.count == 2 && words[0] == "q" && words[1].utf8.allSatisfy { "0.".utf8.contains($0) }
            }
        }
    }
}
