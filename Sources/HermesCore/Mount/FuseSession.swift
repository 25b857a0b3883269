import CFuse
import CLinux
import Glibc
import HermesSupport
import Synchronization

/// The kernel's connection of a mount, and the threads that answer it.
///
/// One thread makes and frees the session; the operations run on libfuse's threads. Every request of the kernel has to
/// be answered before the session is freed: `LazyMount` keeps that order.
final class FuseSession: @unchecked Sendable {
    private let session: OpaquePointer
    private let slots: ImageSlots
    /// The mount that was made; nil where the kernel does not tell (before Linux 5.8).
    private let mount: MountID?
    private let isEnded = Atomic(false)
    /// Where it is mounted.
    let directory: String

    /// Mounts the images of `slots` on `directory`, read-only. `name` is what mount(8) shows as its source.
    ///
    /// Throws `system` when there is no FUSE, `denied` when the caller may not mount.
    init(_ slots: ImageSlots, on directory: String, name: String) throws {
        self.slots = slots
        self.directory = directory
        guard access("/dev/fuse", F_OK) == 0 else {
            throw HermesError(
                .system, "there is no /dev/fuse",
                advice: "load the fuse module, or give the container the device")
        }
        // The name lies behind "fsname=", where libfuse reads a comma or a backslash as its own.
        let source = String(name.map { $0 == "," || $0 == "\\" ? "_" : $0 })
        var options = "ro,default_permissions,subtype=hermes,fsname=\(source),max_read=1048576"
        if geteuid() == 0 { options += ",allow_other" }
        let texts = ["hermes", "-o", options]
        var words: [UnsafeMutablePointer<CChar>?] = texts.map { text in strdup(text) }
        defer { for word in words { free(word) } }
        var table = ImageFilesystem.operations()
        let made = words.withUnsafeMutableBufferPointer { words -> OpaquePointer? in
            var arguments = fuse_args(argc: Int32(words.count), argv: words.baseAddress, allocated: 0)
            defer { fuse_opt_free_args(&arguments) }
            // Unretained: this session keeps the slots for as long as libfuse may use it.
            return fuse_session_new(
                &arguments, &table, MemoryLayout<fuse_lowlevel_ops>.size,
                Unmanaged.passUnretained(slots).toOpaque())
        }
        guard let made else { throw HermesError(.system, "cannot start a FUSE session") }
        guard fuse_session_mount(made, directory) == 0 else {
            let error = SystemError.last
            fuse_session_destroy(made)
            throw HermesError(
                error.number == EPERM || error.number == EACCES ? .denied : .system,
                "cannot mount on \(directory)",
                cause: error)
        }
        session = made
        mount = MountID(directory)
    }

    deinit { fuse_session_destroy(session) }

    /// Answers the kernel with up to `threads` threads until the file system is unmounted or `end` is called.
    func serve(threads: Int) {
        guard let config = fuse_loop_cfg_create() else { return }
        defer { fuse_loop_cfg_destroy(config) }
        // A descriptor per thread: the kernel queues replies per descriptor.
        fuse_loop_cfg_set_clone_fd(config, 1)
        fuse_loop_cfg_set_max_threads(config, UInt32(threads))
        fuse_loop_cfg_set_idle_threads(config, UInt32(threads))
        hermes_fuse_loop(session, config)
    }

    /// Makes the kernel forget the entry `name` of the folder with inode `parent`, and what it knows below it and nobody uses
    /// (FUSE_NOTIFY_INVAL_ENTRY). Not for a thread that answers the kernel.
    func forget(_ name: UnsafePointer<CChar>, in parent: UInt64) {
        // An entry that the kernel does not know is no failure.
        fuse_lowlevel_notify_inval_entry(session, fuse_ino_t(parent), name, strlen(name))
    }

    /// Ends the session: unmounts, at once even where files are open, and makes `serve` return. From any thread; only the first
    /// call does something.
    ///
    /// Only the mount that was made here is unmounted. Where another program has unmounted it already, its place may
    /// show another file system, or the folder beneath.
    func end() {
        guard !isEnded.exchange(true, ordering: .acquiringAndReleasing) else { return }
        fuse_session_exit(session)
        guard mount == MountID(directory) else {
            // A mount that was taken out of the tree while files were open lives on: this ends its connection, so that no
            // thread stays in its read (fusectl, Documentation/filesystems/fuse.rst).
            let control = "/sys/fs/fuse/connections/\(mount?.minor ?? 0)/abort"
            if let file = try? OpenFile(control, O_WRONLY) { _ = pwrite(file.descriptor, "1", 1, 0) }
            return
        }
        // MNT_FORCE ends the connection, so that no thread stays in its read; MNT_DETACH takes the mount out of the tree
        // though a process stands in it. Without the right to do so, the helper of libfuse unmounts what it mounted.
        if umount2(directory, Int32(MNT_FORCE | MNT_DETACH)) != 0 { fuse_session_unmount(session) }
    }

    /// Waits until the mount answers, then sets the kernel's read-ahead for it, in KiB. To be called once, beside `serve`.
    ///
    /// Read-ahead is 128 KiB for a new mount, which no INIT reply can raise; only root can, through the mount's backing
    /// device. Throws `system` when the mount does not answer.
    func start(readAhead kibibytes: Int) throws {
        var status = stat()
        guard stat(directory, &status) == 0, mount == MountID(directory) else {
            throw HermesError(.system, "the mount on \(directory) does not answer")
        }
        let device = UInt64(status.st_dev)
        let name = "\(hermes_major(device)):\(hermes_minor(device))"
        guard let file = try? OpenFile("/sys/class/bdi/\(name)/read_ahead_kb", O_WRONLY) else { return }
        // A refusal leaves the default in place, which is slower but right.
        _ = Array("\(kibibytes)".utf8).withUnsafeBytes { pwrite(file.descriptor, $0.baseAddress, $0.count, 0) }
    }
}
