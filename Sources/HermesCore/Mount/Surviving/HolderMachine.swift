import HermesSupport

/// When a holder gives its mount to a process, and when it lets go: a pure state machine.
///
/// One process at a time has the mount. While none serves it, readers wait; that ends after `patience`, so that they get an error
/// and do not wait for ever. Only a process that serves begins the time anew: one that dies in its start each time does not.
struct HolderMachine {
    /// Seconds that a mount is held without a process that serves it.
    let patience: Int

    /// Whether a process is connected. The one that started the holder is, from the beginning.
    private(set) var hasWorker = true
    private var isHolding = false
    /// When the mount is let go; nil while a process serves, or none has lost it yet.
    private var deadline: Monotonic?

    init(patience: Int) { self.patience = patience }

    /// The process gave a mount.
    mutating func given() { isHolding = true }

    /// The process answers the kernel.
    mutating func served() { deadline = nil }

    /// The process is gone, or said what it must not say.
    mutating func lost(at now: Monotonic) {
        hasWorker = false
        if deadline == nil { deadline = now.adding(milliseconds: patience * 1000) }
    }

    /// A process connects: whether it gets the mount.
    mutating func meets() -> Bool {
        guard !hasWorker, isHolding else { return false }
        hasWorker = true
        return true
    }

    /// Whether the holder is to end. `isConnected` says whether the mount's connection is not ended.
    func isOver(at now: Monotonic, isConnected: Bool) -> Bool {
        guard !hasWorker else { return false }
        guard isHolding, isConnected, let deadline else { return true }
        return deadline <= now
    }

    /// Milliseconds until `isOver` has to be asked again without an event; -1 for never, as poll(2) has it.
    func pause(at now: Monotonic) -> Int32 {
        guard !hasWorker, let deadline else { return -1 }
        return Int32(clamping: Int(max(0, deadline.milliseconds(since: now)).rounded(.up)))
    }
}
