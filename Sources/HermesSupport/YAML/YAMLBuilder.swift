/// Makes a value of a document's events, within limits. It goes down into the document without recursion.
struct YAMLBuilder {
    /// The share of the limits that a value uses.
    private struct Cost {
        var nodes = 1
        var bytes = 0
        /// The levels of sequences and mappings, 0 for a scalar.
        var levels = 0
    }

    private typealias Part = (value: YAML.Value, cost: Cost)

    /// A sequence or mapping whose end has not come.
    private struct Frame {
        let isMapping: Bool
        let anchor: String?
        var items: [YAML.Value] = []
        var entries: [YAML.Entry] = []
        var keys: Set<String> = []
        /// The key whose value comes next.
        var key: String?
        /// Whether that key is "<<": its value is merged.
        var isMerge = false
        /// The mappings whose entries join at the end, where they have other keys (yaml.org/type/merge.html).
        var merged: [[YAML.Entry]] = []
        var cost = Cost(levels: 1)
    }

    private let limits: YAML.Limits
    private let name: String
    private var frames: [Frame] = []
    private var anchors: [String: Part] = [:]
    private var total = Cost(nodes: 0)
    private var roots: [YAML.Value] = []

    init(limits: YAML.Limits, name: String) {
        self.limits = limits
        self.name = name
    }

    /// The documents of the stream, at least one; exactly one unless `isStream`. Throws as `YAML.parse` does. To be
    /// called once.
    mutating func build(_ events: inout YAMLEvents, isStream: Bool) throws -> [YAML.Value] {
        while true {
            let event = try events.next()
            switch event.kind {
            case .streamStart, .documentEnd: break
            case .streamEnd:
                guard !roots.isEmpty else { throw malformed(event, "there is no document") }
                return roots
            case .documentStart:
                guard isStream || roots.isEmpty else { throw malformed(event, "there is more than one document") }
                // An anchor is known in its own document (YAML 1.2.2, 3.2.2.2).
                anchors = [:]
            case .alias(let anchor):
                // An anchor counts from the end of its value: no value can hold itself.
                guard let part = anchors[anchor] else { throw malformed(event, "an alias names no value before it") }
                try add(part, event)
            case .scalar(let scalar):
                let scalar = try tagged(scalar, event)
                let part: Part = (.scalar(scalar), Cost(bytes: scalar.text.utf8.count))
                if let anchor = event.anchor { anchors[anchor] = part }
                try add(part, event)
            case .sequenceStart: try open(isMapping: false, event)
            case .mappingStart: try open(isMapping: true, event)
            case .sequenceEnd, .mappingEnd: try close(event)
            }
        }
    }

    private func malformed(_ event: YAMLEvent, _ problem: String) -> HermesError {
        YAML.malformed(name, line: event.line, problem)
    }

    /// Of the tags, those of the core schema are known (YAML 1.2.2, 10.3).
    private func tagged(_ scalar: YAML.Scalar, _ event: YAMLEvent) throws -> YAML.Scalar {
        switch event.tag {
        case nil: return scalar
        case "!", "tag:yaml.org,2002:str": return YAML.Scalar(text: scalar.text, isPlain: false)
        case "tag:yaml.org,2002:bool", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:null":
            return YAML.Scalar(text: scalar.text, isPlain: true)
        default: throw malformed(event, "a tag is not known")
        }
    }

    private mutating func open(isMapping: Bool, _ event: YAMLEvent) throws {
        guard event.tag == nil || event.tag == "!" || event.tag == "tag:yaml.org,2002:\(isMapping ? "map" : "seq")"
        else {
            throw malformed(event, "a tag is not known")
        }
        guard frames.count < limits.depth else { throw malformed(event, "there are more than \(limits.depth) levels") }
        try count(Cost(), event)
        if let anchor = event.anchor { anchors[anchor] = nil }
        frames.append(Frame(isMapping: isMapping, anchor: event.anchor))
    }

    private mutating func close(_ event: YAMLEvent) throws {
        guard var frame = frames.popLast() else { throw malformed(event, "an end has no start") }
        for entries in frame.merged {
            for entry in entries where frame.keys.insert(entry.key).inserted { frame.entries.append(entry) }
        }
        let part: Part = (frame.isMapping ? .mapping(frame.entries) : .sequence(frame.items), frame.cost)
        if let anchor = frame.anchor { anchors[anchor] = part }
        // Its parts were counted when they came.
        try place(part, event)
    }

    /// Adds a scalar, or the value of an alias.
    private mutating func add(_ part: Part, _ event: YAMLEvent) throws {
        guard frames.count + part.cost.levels <= limits.depth else {
            throw malformed(event, "there are more than \(limits.depth) levels")
        }
        try count(part.cost, event)
        try place(part, event)
    }

    private mutating func count(_ cost: Cost, _ event: YAMLEvent) throws {
        total.nodes += cost.nodes
        total.bytes += cost.bytes
        guard total.nodes <= limits.nodes, total.bytes <= limits.bytes else {
            throw malformed(event, "there are more than \(limits.nodes) values or \(limits.bytes) bytes of text")
        }
    }

    /// Puts a part where it belongs: into the innermost frame, as a key, a value or an element, or as the whole.
    private mutating func place(_ part: Part, _ event: YAMLEvent) throws {
        guard !frames.isEmpty else {
            roots.append(part.value)
            return
        }
        // In place: a copy of a frame would copy all that it holds.
        let top = frames.count - 1
        frames[top].cost.nodes += part.cost.nodes
        frames[top].cost.bytes += part.cost.bytes
        frames[top].cost.levels = max(frames[top].cost.levels, part.cost.levels + 1)
        guard frames[top].isMapping else {
            frames[top].items.append(part.value)
            return
        }
        if let key = frames[top].key {
            frames[top].key = nil
            guard frames[top].isMerge else {
                frames[top].entries.append(YAML.Entry(key: key, value: part.value))
                return
            }
            frames[top].merged = try merged(part.value, event)
            return
        }
        guard case .scalar(let scalar) = part.value else { throw malformed(event, "a key is not a scalar") }
        frames[top].isMerge = scalar.isPlain && scalar.text == "<<"
        guard frames[top].keys.insert(scalar.text).inserted else { throw malformed(event, "a key comes twice") }
        frames[top].key = scalar.text
    }

    private func merged(_ value: YAML.Value, _ event: YAMLEvent) throws -> [[YAML.Entry]] {
        let values: [YAML.Value] = if case .sequence(let values) = value { values } else { [value] }
        return try values.map { value in
            guard case .mapping(let entries) = value else {
                throw malformed(event, "the merged value is not a mapping")
            }
            return entries
        }
    }
}
