import Glibc
import HermesSupport

/// A FUSE connection and the threads that answer it.
///
/// The order of its end: `end`, `join`, then whatever still answers requests is stopped, then the object goes. Made and
/// joined by one thread; `end` and `forget` can be called from any.
final class FuseServer: Sendable {
    private let session: FuseSession
    private let thread: SystemThread

    /// How many KiB the kernel reads ahead of a sequential reader.
    private static let readAhead = 256

    /// Mounts and serves `slots`, and returns when the mount answers. `name` is what mount(8) shows as its source. Throws
    /// `system` where there is no FUSE or the mount does not answer, `denied` where the caller may not mount.
    convenience init(_ slots: ImageSlots, on directory: String, name: String) throws {
        try self.init(try FuseSession(slots, on: directory, name: name))
    }

    /// Serves `slots` over a connection, and returns when the mount answers. `keep` is called when the connection is set up and
    /// before a request is received. Throws `system` where the mount does not answer, and what `keep` throws.
    convenience init(_ slots: ImageSlots, over connection: KernelConnection, keep: () throws -> Void) throws {
        let session = try FuseSession(slots, over: connection)
        do {
            try keep()
        } catch {
            session.end()
            throw error
        }
        try self.init(session)
    }

    private init(_ session: FuseSession) throws {
        let processors = max(2, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        let thread = try SystemThread("hermes-fuse") { session.serve(threads: min(8, 2 * processors)) }
        do {
            try session.start(readAhead: Self.readAhead)
        } catch {
            session.end()
            thread.join()
            throw error
        }
        self.session = session
        self.thread = thread
    }

    /// Makes the kernel forget the folder of an image that was removed.
    func forget(_ name: String) { session.forget(name, in: 1) }

    /// Makes the kernel forget what it knows of a removed image and nobody uses. Without this it keeps a path that was used
    /// last until it needs the memory.
    func forgetEntries(of image: ImageFilesystem) {
        let tree = image.tree
        guard let root = tree.inode(1) else { return }
        for index in 0..<Int(root.pointee.size) {
            // The strings end each name with a NUL.
            session.forget(tree.strings + Int(tree.entries[Int(root.pointee.data) + index].name), in: image.base + 1)
        }
    }

    /// Ends the mount, also while files are in use: `join` then returns.
    func end() { session.end() }

    /// Waits until nothing is mounted any more. To be called once.
    func join() { thread.join() }
}
