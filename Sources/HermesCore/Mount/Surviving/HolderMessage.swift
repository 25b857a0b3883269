import HermesSupport

/// A message between a holder and a process that serves a mount, one packet of a SOCK_SEQPACKET socket.
///
/// | offset | field |
/// |---|---|
/// | 0 | the protocol's version, 1 |
/// | 1 | the kind: 1 ready, 2 mount, 3 serving, 4 busy |
/// | 2 | the record of a mount (`HeldMount`), for this kind alone |
enum HolderMessage: Equatable {
    /// The holder listens; or it has what it was given.
    case ready
    /// A mount: its record, and in the packet the descriptor of its connection. From a holder that answers a connection, or from
    /// a process that gives the mount to the holder.
    case mount([UInt8])
    /// The process answers the kernel from now on.
    case serving
    /// The holder's mount is with another process.
    case busy

    /// Bytes of the longest packet. A name of an image has 4 KiB at most.
    static let longest = 32 << 10
    private static let version: UInt8 = 1

    /// Reads a packet. Throws `protocolViolation` for any that is not as above.
    init(decoding bytes: some Collection<UInt8>) throws {
        let head = Array(bytes.prefix(2))
        guard head.count == 2, head[0] == Self.version, bytes.count <= Self.longest,
            let message = Self.read(kind: head[1], Array(bytes.dropFirst(2)))
        else {
            throw HermesError(.protocolViolation, "a holder's socket brought a packet that has no meaning")
        }
        self = message
    }

    private static func read(kind: UInt8, _ rest: [UInt8]) -> HolderMessage? {
        switch (kind, rest.isEmpty) {
        case (1, true): .ready
        case (2, false): .mount(rest)
        case (3, true): .serving
        case (4, true): .busy
        default: nil
        }
    }

    var encoded: [UInt8] {
        switch self {
        case .ready: [Self.version, 1]
        case .mount(let record): [Self.version, 2] + record
        case .serving: [Self.version, 3]
        case .busy: [Self.version, 4]
        }
    }
}
