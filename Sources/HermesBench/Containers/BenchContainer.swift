import Glibc
import HermesContainerd
import HermesCore
import HermesSupport

/// A container of an image, from its snapshot to its end. To be used from one thread; `remove` is to be called.
final class BenchContainer {
    let name: String
    private let containerd: ContainerdClient
    private let snapshotter: String
    private let exit = Monitor<Result<Int, any Error>?>(nil)
    private var waiter: SystemThread?
    private var isCreated = false
    private var hasTask = false

    /// Milliseconds between the friendly signal and the other.
    private static let grace: Int64 = 3000
    /// The longest that a process is waited for.
    private static let patience = Duration.seconds(24 * 3600)

    init(_ name: String, on snapshotter: String, containerd: ContainerdClient) {
        self.name = name
        self.snapshotter = snapshotter
        self.containerd = containerd
    }

    struct Process {
        var config: ProcessConfig
        var words: [String] = []
        var environment: [String] = []
    }

    /// Makes snapshot, container and process; the process does not run yet. Throws the error of the step that failed.
    func create(_ image: Image, _ process: Process, output: ContainerOutput, lease: String) throws {
        do {
            isCreated = true
            let mounts = try containerd.prepareSnapshot(
                name, parent: image.chainIDs.last.map { "\($0)" } ?? "", of: snapshotter, lease: lease)
            let user = try ContainerUser.find(process.config.user) { try ContainerUser.read($0, of: mounts) }
            let spec = try RuntimeSpec(
                process.config, name: name, words: process.words, environment: process.environment, user: user)
            try containerd.createContainer(
                name, image: image.reference, spec: JSON.encode(spec), snapshotter: snapshotter, snapshot: name,
                lease: lease)
            hasTask = true
            try containerd.createTask(name, on: mounts, stdout: output.stdout, stderr: output.stderr)
        } catch {
            throw HermesError("cannot create a container of \(image.reference)", cause: error)
        }
    }

    /// Starts the process.
    func start() throws {
        let (containerd, name, exit) = (containerd, name, exit)
        waiter = try SystemThread("hermes-wait") {
            let result = Result { try containerd.waitForTask(name, patience: Self.patience) }
            exit.withLock {
                $0.value = result
                $0.broadcast()
            }
        }
        do {
            try containerd.startTask(name)
        } catch {
            throw HermesError("cannot start a container", cause: error)
        }
    }

    /// The exit code; nil while it runs. Throws where containerd does not know.
    var exitCode: Int? { get throws { try exit.withLock { try $0.value?.get() } } }

    /// Waits for the end, `milliseconds` at most. False when it still runs.
    func waitForEnd(milliseconds: Int64) -> Bool {
        exit.withLock { held in
            if held.value == nil { held.wait(milliseconds: milliseconds) }
            return held.value != nil
        }
    }

    /// Ends the process, and takes everything of the container away. What is gone already is no error.
    func remove() {
        if hasTask {
            try? containerd.killTask(name, waiter == nil ? SIGKILL : SIGTERM)
            if waiter != nil, !waitForEnd(milliseconds: Self.grace) {
                try? containerd.killTask(name, SIGKILL)
                _ = waitForEnd(milliseconds: 10 * Self.grace)
            }
            // A task that was never started ends a moment after its signal.
            for _ in 0..<50 {
                do {
                    try containerd.deleteTask(name)
                    break
                } catch let error as ContainerdError where error.kind == .failedPrecondition {
                    usleep(100_000)
                } catch {
                    break
                }
            }
            waiter?.join()
        }
        if isCreated {
            try? containerd.deleteContainer(name)
            try? containerd.removeSnapshot(name, of: snapshotter)
        }
        (waiter, hasTask, isCreated) = (nil, false, false)
    }
}
