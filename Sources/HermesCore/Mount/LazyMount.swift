import Glibc
import HermesSupport

/// An image mounted on a folder of its own, from the open image to the end of the mount.
///
/// 1. `init` mounts, starts to answer the kernel, and returns when the mount answers.
/// 2. `waitUntilUnmounted` returns after `end`, or after somebody else has unmounted.
/// 3. `close` undoes it all, in the one order that is right: the mount goes, then the kernel's threads; then the reads that
///    still wait fail, and each answers its request on the kernel's connection; then the fetched spans are made
///    durable; the connection is freed last.
///
/// The image alone owns two things: the kernel's connection with its threads, and the image's scheduler with its
/// threads. All mounts of a process share the cache's keeper, which is handed in and outlives the mount.
///
/// Made and closed by one thread; `end` can be called from any.
package final class LazyMount: Sendable {
    /// The image.
    package let image: LazyImage
    private let keeper: CacheKeeper
    private let session: FuseSession
    private let server: SystemThread

    /// How many KiB the kernel reads ahead of a sequential reader.
    private static let readAhead = 256

    /// Mounts `image`, which belongs to the mount from here on and is closed with it, also when this throws. Throws `system`
    /// where there is no FUSE or the mount does not answer, `denied` where the caller may not mount.
    package init(_ image: LazyImage, on directory: String, keeper: CacheKeeper) throws {
        self.image = image
        self.keeper = keeper
        do {
            let session = try FuseSession(ImageFilesystem(image), on: directory, name: image.image.reference)
            let processors = max(2, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
            let server = try SystemThread("hermes-fuse") { session.serve(threads: min(8, 2 * processors)) }
            self.session = session
            self.server = server
            do {
                try session.start(readAhead: Self.readAhead)
            } catch {
                session.end()
                server.join()
                throw error
            }
        } catch {
            image.close()
            throw error
        }
    }

    /// From now on the keeper looks after the spans that are fetched. `verified` is called once, on the keeper's
    /// thread, when the whole image is here and was compared with its digests.
    package func keep(verified: @escaping @Sendable () -> Void) { keeper.attach(image, verified: verified) }

    /// Waits until the image is not mounted any more.
    package func waitUntilUnmounted() { server.join() }

    /// Ends the mount, also while files are in use: `waitUntilUnmounted` then returns.
    package func end() { session.end() }

    /// Ends everything that `init` and `keep` began. To be called once, after `waitUntilUnmounted`.
    package func close() {
        session.end()
        image.close()
        keeper.detach(image)
        // The reads that were parked are answered, so nothing points at the kernel's connection any more.
        withExtendedLifetime(session) {}
    }
}
