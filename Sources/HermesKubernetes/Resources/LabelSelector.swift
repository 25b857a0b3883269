/// Which labels an object must have (meta/v1 LabelSelector). Without any demand it selects everything.
package struct LabelSelector: Codable, Sendable, Hashable {
    package struct Requirement: Codable, Sendable, Hashable {
        package var key: String
        /// In, NotIn, Exists or DoesNotExist; the API server lets no other pass.
        package var `operator`: String
        package var values: [String]?

        package init(key: String, operator: String, values: [String]? = nil) {
            self.key = key
            self.operator = `operator`
            self.values = values
        }

        /// Whether the labels meet the demand. An operator that is not known is met by none.
        package func matches(_ labels: [String: String]) -> Bool {
            let value = labels[key]
            return switch `operator` {
            case "In": value.map { (values ?? []).contains($0) } ?? false
            case "NotIn": value.map { !(values ?? []).contains($0) } ?? true
            case "Exists": value != nil
            case "DoesNotExist": value == nil
            default: false
            }
        }
    }

    package var matchLabels: [String: String]?
    package var matchExpressions: [Requirement]?

    package init(matchLabels: [String: String]? = nil, matchExpressions: [Requirement]? = nil) {
        self.matchLabels = matchLabels
        self.matchExpressions = matchExpressions
    }

    /// Whether the labels meet all demands.
    package func matches(_ labels: [String: String]) -> Bool {
        (matchLabels ?? [:]).allSatisfy { labels[$0.key] == $0.value }
            && (matchExpressions ?? []).allSatisfy { $0.matches(labels) }
    }
}
