/// One event of a document: the start or end of something, or a scalar.
struct YAMLEvent {
    enum Kind {
        case streamStart, streamEnd, documentStart, documentEnd
        /// Another use of the value that has this anchor.
        case alias(String)
        case scalar(YAML.Scalar)
        case sequenceStart, sequenceEnd, mappingStart, mappingEnd
    }

    let kind: Kind
    /// The name by which aliases may mean the value.
    var anchor: String?
    /// The tag, resolved and without its "!<…>"; nil where there is none.
    var tag: String?
    /// The line where it begins, from 1.
    let line: Int
}
