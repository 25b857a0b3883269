/// Equal values kept in memory once, as long as somebody holds them: ten thousand Pods have the labels of a few hundred Deployments.
struct SharedValues<Value: Hashable & Sendable>: Sendable {
    private var holders: [Value: Int] = [:]

    var count: Int { holders.count }

    /// The value to keep. Goes together with `release`.
    mutating func share(_ value: Value) -> Value {
        guard let index = holders.index(forKey: value) else {
            holders[value] = 1
            return value
        }
        holders.values[index] += 1
        return holders.keys[index]
    }

    mutating func release(_ value: Value) {
        guard let count = holders[value] else { return }
        holders[value] = count > 1 ? count - 1 : nil
    }
}
