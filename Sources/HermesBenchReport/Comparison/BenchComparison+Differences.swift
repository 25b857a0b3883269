import HermesSupport

extension BenchComparison {
    /// What makes figures of two reports those of two different things.
    static func differences(_ first: BenchReport, _ second: BenchReport) -> [String] {
        var found: [String] = []
        func compare(_ name: String, _ one: String?, _ other: String?) {
            guard one != other else { return }
            let (one, other) = (one?.printable(200) ?? "not known", other?.printable(200) ?? "not known")
            found.append("\(name): \(one), \(other)")
        }
        // The same manifest is the same image by whatever name.
        if let one = first.workload.manifest, let other = second.workload.manifest {
            compare("manifest", one, other)
        } else {
            compare("image", first.workload.image, second.workload.image)
        }
        compare(
            "command", first.workload.commandLine ?? "the image's own",
            second.workload.commandLine ?? "the image's own")
        compare("ready", first.workload.ready, second.workload.ready)
        compare("request", first.workload.request, second.workload.request)
        compare("kernel", first.machine.kernel, second.machine.kernel)
        compare("processors", "\(first.machine.processors)", "\(second.machine.processors)")
        compare("runtime", first.machine.runtime, second.machine.runtime)
        // The kernel's own share differs by some pages from boot to boot.
        let memory = (Double(first.machine.memoryBytes), Double(second.machine.memoryBytes))
        if abs(memory.0 - memory.1) > 0.02 * max(memory.0, memory.1) {
            compare("bytes of memory", "\(first.machine.memoryBytes)", "\(second.machine.memoryBytes)")
        }
        return found
    }
}
