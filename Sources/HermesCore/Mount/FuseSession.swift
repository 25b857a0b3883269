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
    /// Whether each thread has a descriptor of its own, by which the kernel queues replies. Requests that such a descriptor
    /// has received fail when it is closed, so a mount that survives its process has one for all.
    private let clonesDescriptor: Bool
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
        let made = try Self.make(slots, ["hermes", "-o", options])
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
        clonesDescriptor = true
    }

    /// Takes over a connection: answers the kernel's first message where the kernel waits for the answer, else has the kernel
    /// send again what the process before has received and not answered. Throws `system`.
    init(_ slots: ImageSlots, over connection: KernelConnection) throws {
        self.slots = slots
        directory = connection.directory
        mount = connection.mount
        clonesDescriptor = false
        // The rest of the options is the kernel's (`KernelConnection.mount`); libfuse compares this one.
        let made = try Self.make(slots, ["hermes", "-o", "max_read=1048576"])
        do {
            try Self.begin(made, connection)
        } catch {
            fuse_session_destroy(made)
            // One that was there may be taken over by the next process.
            if connection.isNew { umount2(directory, Int32(MNT_FORCE | MNT_DETACH)) }
            throw error
        }
        session = made
    }

    private static func begin(_ session: OpaquePointer, _ connection: KernelConnection) throws {
        func check(_ isRight: Bool) throws {
            guard isRight else {
                throw HermesError(.system, "cannot take over the connection of the mount", cause: SystemError.last)
            }
        }
        // What is written before the kernel's descriptor takes this one's place is for this function.
        var ends: [Int32] = [-1, -1]
        try check(hermes_pipe(&ends) == 0)
        let descriptor = ends[1]
        defer { close(ends[0]) }
        guard hermes_fuse_use(session, descriptor) == 0 else {
            close(descriptor)
            return try check(false)
        }
        // The kernel sends the first message once. libfuse sets up its side by it in each process.
        var message = connection.initialization.bytes
        message.withUnsafeMutableBytes { bytes in
            var buffer = fuse_buf()
            buffer.mem = bytes.baseAddress
            buffer.size = bytes.count
            fuse_session_process_buf(session, &buffer)
        }
        try check(fuse_session_exited(session) == 0)
        // The pipe's last writer goes, so that a read of it ends.
        try check(dup2(connection.file.descriptor, descriptor) >= 0 && fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0)
        guard connection.isNew else { return try connection.resend() }
        var answer = [UInt8](repeating: 0, count: FuseInit.longest)
        let count = read(ends[0], &answer, answer.count)
        try check(count > 0)
        answer = connection.initialization.allowingMapping(Array(answer[..<count]))
        try check(write(connection.file.descriptor, answer, answer.count) == answer.count)
    }

    private static func make(_ slots: ImageSlots, _ texts: [String]) throws -> OpaquePointer {
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
        return made
    }

    deinit { fuse_session_destroy(session) }

    /// Answers the kernel with up to `threads` threads until the file system is unmounted or `end` is called.
    func serve(threads: Int) {
        guard let config = fuse_loop_cfg_create() else { return }
        defer { fuse_loop_cfg_destroy(config) }
        fuse_loop_cfg_set_clone_fd(config, clonesDescriptor ? 1 : 0)
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
            // A mount that was taken out of the tree while files were open lives on, and no thread may stay in its read.
            mount?.abort()
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
