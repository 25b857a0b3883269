import HermesBenchReport
import HermesCore
import HermesSupport

extension NodeBench {
    /// Brings the image to a node that has nothing of it: the phases `resolve` and `pull`. The lease exists.
    func pull(on snapshotter: String, lease: String, _ clock: inout PhaseClock, _ cost: StartCost) throws {
        // A source of its own has no connection, and no token.
        let (source, platform) = try open()
        let found = try waiting { try await source.resolve(platform: platform) }
        guard found.descriptor.digest == image.descriptor.digest else {
            throw HermesError(.unsupported, "\(image.reference) is another image since the bench began")
        }
        clock.end(.resolve)
        let pull = ImagePull(
            containerd: containerd, source: source, image: image, snapshotter: snapshotter, lease: lease)
        cost.present = try pull.run(isStopped: isStopped)
        clock.end(.pull)
    }
}
