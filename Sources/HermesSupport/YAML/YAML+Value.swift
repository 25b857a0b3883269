extension YAML {
    /// A value without its place. It has no more levels than `Limits.depth` allowed, aliases included.
    package indirect enum Value: Sendable, Equatable {
        case scalar(Scalar)
        case sequence([Value])
        /// In the order of the document; no key comes twice.
        case mapping([Entry])
    }

    /// A text, a number, a boolean or null, as it is written.
    package struct Scalar: Sendable, Equatable {
        /// The text, unquoted and unfolded.
        package let text: String
        /// Whether it stands without quotes, so that the text decides whether it is a number, a boolean or null.
        package let isPlain: Bool

        /// Makes one.
        package init(text: String, isPlain: Bool) {
            self.text = text
            self.isPlain = isPlain
        }
    }

    /// A key of a mapping and its value.
    package struct Entry: Sendable, Equatable {
        /// The text of a scalar; other keys are refused.
        package let key: String
        package let value: Value

        /// Makes one.
        package init(key: String, value: Value) {
            self.key = key
            self.value = value
        }
    }
}
