import ArgumentParser
import HermesBench

struct BenchRun: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Measure cold and warm starts on this node's containerd.",
        discussion: """
            For each snapshotter and round the image is taken away, the kernel's caches are dropped, and the workload is \
            started: cold, and once more warm. The phases are resolve, pull (or mount), create, start, first output, ready and \
            the first request. The workload runs in a namespace of containerd of its own, on the host's network; nothing is left \
            behind. A start that fails is shown as such, and is in no median. What follows -- takes the place of the image's command. Needs root.

            EXAMPLES
              hermes bench docker.io/library/python:3.12 -- python3 -c 'import json'
              hermes bench --rounds 5 --ready-http http://127.0.0.1:8000/health \\
                --request http://127.0.0.1:8000/v1/completions --data @prompt.json registry.example.com/team/vllm:1.2
            """
    )

    @OptionGroup var node: BenchNode

    @OptionGroup var workload: BenchWorkload

    @OptionGroup var snapshotters: BenchSnapshotters

    @OptionGroup var repeats: BenchRepeats

    @Flag(name: .customLong("no-wait"), help: "Do not wait until the node has the whole image.")
    var doesNotWait = false

    @OptionGroup var output: BenchOutput

    func run() throws {
        var chosen = NodeBench.Options()
        try snapshotters.fill(&chosen)
        try workload.fill(&chosen)
        try repeats.check()
        chosen.rounds = repeats.rounds
        chosen.warmRequests = repeats.warm
        chosen.waitsForWhole = !doesNotWait
        try output.write(try node.withBench(chosen) { try $0.run() })
    }
}
