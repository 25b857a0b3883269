import HermesSupport

/// An image mounted on a folder of its own, from the open image to the end of the mount.
///
/// 1. `init` mounts, starts to answer the kernel, and returns when the mount answers.
/// 2. `waitUntilUnmounted` returns after `end`, or after somebody else has unmounted.
/// 3. `close` undoes it all, in the one order that is right: the mount goes, then the kernel's threads; then the reads that
///    still wait fail, and each answers its request on the kernel's connection; then the fetched spans are made
///    durable; the connection is freed last.
///
/// The mount has the kernel's connection with its threads for itself. The cache's keeper and the threads that fetch are
/// handed in and outlive it. `LazyMounts` shows many images on one connection.
///
/// Made and closed by one thread; `end` can be called from any.
package final class LazyMount: Sendable {
    /// The image.
    package let image: LazyImage
    private let keeper: CacheKeeper
    private let server: FuseServer
    /// Of a mount that survives its process.
    private let watch: HolderWatch?

    /// Mounts `image`, which belongs to the mount from here on and is closed with it, also when this throws. Throws `system`
    /// where there is no FUSE or the mount does not answer, `denied` where the caller may not mount.
    package init(_ image: LazyImage, on directory: String, keeper: CacheKeeper) throws {
        self.image = image
        self.keeper = keeper
        watch = nil
        do {
            server = try FuseServer(
                ImageSlots(alone: image), on: directory, name: image.image.reference)
        } catch {
            image.close()
            throw error
        }
    }

    /// As the other, for a mount that survives this process: `surviving` says where it is, and whether it is there already;
    /// `platform` is the one that was asked for.
    package init(_ image: LazyImage, _ surviving: SurvivingMount, platform: String?, keeper: CacheKeeper) throws {
        self.image = image
        self.keeper = keeper
        do {
            let content = HeldMount.Content.image(
                HeldImage(
                    reference: image.image.reference, platform: platform, manifest: image.image.descriptor.digest,
                    index: image.index, tree: image.tree.checksum))
            let connection = try surviving.connect(name: image.image.reference)
            server = try FuseServer(ImageSlots(alone: image), over: connection) {
                try surviving.keep(content, connection)
            }
            do {
                watch = try surviving.watch(content, connection)
            } catch {
                server.end()
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
    package func end() { server.end() }

    /// Ends everything that `init` and `keep` began. To be called once, after `waitUntilUnmounted`.
    package func close() {
        server.end()
        watch?.stop()
        image.close()
        keeper.detach(image)
        // The reads that were parked are answered, so nothing points at the kernel's connection any more.
        withExtendedLifetime(server) {}
    }
}
