import Glibc

/// One program for all targets: the name that it is called by chooses, so that the processes that libFuzzer starts of
/// itself (`-merge=1`, `-fork=2`) run the same target.
@main enum Main {
    /// Evaluated once, before the first input.
    static let target: FuzzTarget? = {
        let name = CommandLine.arguments.first?.split(separator: "/").last ?? ""
        return FuzzTarget.all.first { $0.name == name }
    }()

    static func main() {
        guard target != nil else {
            for target in FuzzTarget.all { print(target.name) }
            exit(0)
        }
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        let status = runDriver(&count, &arguments) { data, size in
            // libFuzzer keeps the bytes unchanged during the call.
            Main.target?.run(UnsafeRawBufferPointer(start: data, count: size))
            return 0
        }
        exit(status)
    }
}

/// libFuzzer's loop, for programs with a main function of their own (LLVM, "Using libFuzzer as a library").
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32
