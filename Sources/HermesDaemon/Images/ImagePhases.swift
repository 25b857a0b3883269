import HermesCore
import HermesSupport

/// Which images the node shows lazily, and which are left to containerd for now: a pure state machine, without clock, lock or
/// I/O.
///
/// ```
///            ask                    ended, in time
///   (none) ------> preparing ----------------------> shown --> (none), when nothing uses it
///     ^                | ended with nothing, or too late
///     +--- expired --- aside
///     +--- freeing (after it was given up, while its files are deleted: who asks waits)
/// ```
/// An image is prepared once, however many ask. Those who ask pin it until they have used it, so that it is not given up in
/// between.
struct ImagePhases<Shown> {
    /// Milliseconds for which an image is left to containerd after it could not be shown: an index that appears later serves
    /// the next Pod, and the layers of a pull that is under way do not ask again and again.
    static var asideTime: Int { 60_000 }
    /// Images that are prepared at one time. Most of that is waiting for a registry.
    static var atOnce: Int { 16 }

    enum Answer {
        case shown(Shown)
        /// It is left to containerd.
        case aside
        /// It is left to containerd because too many others were being prepared all the time.
        case crowdedOut
        /// Ask again when something has changed, or at that time.
        case wait(until: Monotonic)
        /// The caller is to begin to prepare it, to say `ended` afterwards, and meanwhile to wait as well.
        case prepare
    }

    enum Phase {
        /// `isMissed` says that a pull has given up waiting, `isNeeded` that a container waits.
        case preparing(isMissed: Bool, isNeeded: Bool)
        case shown(Shown)
        /// `isTried` says that a preparation has ended then, and not only that there was no room for one.
        case aside(since: Monotonic, isTried: Bool)
        /// Its files are being removed.
        case freeing
    }

    private(set) var phases: [Digest: Phase] = [:]
    private var pins: [Digest: Int] = [:]
    /// How many images are being prepared.
    private(set) var preparing = 0

    /// Somebody wants to use the image. Goes together with `unpin`.
    mutating func pin(_ image: Digest) { pins[image, default: 0] += 1 }

    /// Returns whether nobody wants to use it any more.
    mutating func unpin(_ image: Digest) -> Bool {
        pins[image, default: 1] -= 1
        guard pins[image] == 0 else { return false }
        pins[image] = nil
        return true
    }

    /// What becomes of an image that is pinned. The asker waits from `start` to `deadline`. An image that `isNeeded`, because a
    /// container stands on it, is prepared at once although it was put aside; `aside` then says that this has failed as well.
    mutating func ask(
        _ image: Digest, from start: Monotonic, until deadline: Monotonic, isNeeded: Bool, now: Monotonic
    ) -> Answer {
        switch phases[image] {
        case .shown(let shown): return .shown(shown)
        case .preparing(let isMissed, let wasNeeded):
            let isOver = now >= deadline
            phases[image] = .preparing(isMissed: isMissed || isOver && !isNeeded, isNeeded: wasNeeded || isNeeded)
            return isOver || isMissed && !isNeeded ? .aside : .wait(until: deadline)
        case .freeing: return now < deadline ? .wait(until: deadline) : .aside
        // Without the second condition a container would have the image prepared again and again while that fails at once.
        case .aside(let since, _) where !isNeeded && !Self.isOver(since, now): return .aside
        case .aside(let since, true) where isNeeded && since >= start: return .aside
        case .aside, nil:
            if preparing < Self.atOnce, now < deadline {
                preparing += 1
                phases[image] = .preparing(isMissed: false, isNeeded: isNeeded)
                return .prepare
            }
            guard now >= deadline else { return .wait(until: deadline) }
            setAside(image, isTried: false, now)
            return .crowdedOut
        }
    }

    /// The preparation has ended, with nothing where it failed. Returns whether the image is shown from now on; it is not where
    /// a pull did not wait for it, which then has brought, or brings, the whole image.
    mutating func ended(_ image: Digest, _ shown: Shown?, now: Monotonic) -> Bool {
        preparing -= 1
        if let shown, case .preparing(let isMissed, let isNeeded) = phases[image], !isMissed || isNeeded {
            phases[image] = .shown(shown)
            return true
        }
        setAside(image, isTried: true, now)
        return false
    }

    private mutating func setAside(_ image: Digest, isTried: Bool, _ now: Monotonic) {
        // A node that lives long meets any number of images, so those that were put aside long ago are forgotten.
        phases = phases.filter { _, phase in
            if case .aside(let since, _) = phase { !Self.isOver(since, now) } else { true }
        }
        phases[image] = .aside(since: now, isTried: isTried)
    }

    private static func isOver(_ since: Monotonic, _ now: Monotonic) -> Bool {
        now >= since.adding(milliseconds: asideTime)
    }

    /// An image of the last run is shown again.
    mutating func restored(_ image: Digest, _ shown: Shown) { phases[image] = .shown(shown) }

    /// All that is shown now, in no order.
    var allShown: [Shown] {
        phases.values.compactMap { if case .shown(let shown) = $0 { shown } else { nil } }
    }

    /// What is shown of an image now.
    func shown(_ image: Digest) -> Shown? {
        if case .shown(let shown) = phases[image] { shown } else { nil }
    }

    /// Begins to free the disk of an image, if nothing is known of it and nobody wants it. Goes together with `endFreeing`.
    mutating func beginFreeing(_ image: Digest) -> Bool {
        guard phases[image] == nil, pins[image] == nil else { return false }
        phases[image] = .freeing
        return true
    }

    /// Begins to forget an image of which nothing is known but that it was put aside, and that nobody wants. Goes together with
    /// `endFreeing`.
    mutating func beginForgetting(_ image: Digest) -> Bool {
        if case .aside = phases[image], pins[image] == nil { phases[image] = nil }
        return beginFreeing(image)
    }

    /// The disk is free.
    mutating func endFreeing(_ image: Digest) { phases[image] = nil }

    /// Forgets an image that is shown and that nobody wants to use; gives what was shown. Nil where there is nothing to end.
    mutating func takeUnused(_ image: Digest) -> Shown? {
        guard pins[image] == nil, let shown = shown(image) else { return nil }
        phases[image] = nil
        return shown
    }
}
