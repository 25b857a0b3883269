import Glibc
import HermesSupport

extension ImageFilesystem {
    /// The most hung reads that are listed: finding a file's name searches the tree.
    private static let listedReads = 20

    /// The contents of a state file as they are now.
    func contents(_ file: StateFolder.File) -> [UInt8] {
        switch file {
        // An encoder that fails leaves an empty file, because no caller could catch its error.
        case .state: ((try? JSON.encode(mountState())) ?? []) + [UInt8(ascii: "\n")]
        case .metrics: metrics().map(\.text).flatMap(\.utf8)
        }
    }

    /// How the image is doing, in short.
    func status() -> ImageStatus { ImageStatus(mountState()) }

    private func mountState() -> MountState {
        let counters = scheduler.counters
        let hung = scheduler.hungReads()
        let states = layers.enumerated().map { index, layer in
            let present = layer.present
            return MountState.Layer(
                digest: layer.descriptor.digest, bytes: layer.spans.compressedSize,
                uncompressedBytes: layer.spans.uncompressedSize, spans: layer.count, presentSpans: present.spans,
                presentBytes: present.compressedBytes, presentUncompressedBytes: present.uncompressedBytes,
                fetchedBytes: counters.layers[index].fetchedBytes.load(ordering: .relaxed),
                errors: counters.layers[index].errors.load(ordering: .relaxed),
                complete: present.spans == layer.count, verified: layer.isVerified)
        }
        let totals = MountState.Totals(
            bytes: states.reduce(0) { $0 + $1.bytes },
            uncompressedBytes: states.reduce(0) { $0 + $1.uncompressedBytes },
            presentBytes: states.reduce(0) { $0 + $1.presentBytes },
            presentUncompressedBytes: states.reduce(0) { $0 + $1.presentUncompressedBytes },
            fetchedBytes: counters.fetchedByteCount, requests: counters.requestCount,
            reads: ReadSource.allCases.reduce(0) { $0 + reads.total($1).reads },
            failedReads: counters.failedReads.load(ordering: .relaxed), complete: states.allSatisfy(\.complete),
            verified: states.allSatisfy(\.verified))
        return MountState(
            image: lazy.image.reference, manifest: lazy.image.descriptor.digest, version: HermesVersion.current,
            mounted: state.mounted.rfc3339, written: Timestamp.now().rfc3339, totals: totals, layers: states,
            parkedReads: scheduler.parkedCount, hungReadCount: hung.count,
            hungReads: hung.prefix(Self.listedReads).map(describe),
            lastError: scheduler.log.lastProblem.map {
                MountState.Problem(time: $0.time.rfc3339, message: $0.message, layer: $0.layer, span: $0.span)
            })
    }

    private func describe(_ read: SpanScheduler.Waiting) -> MountState.HungRead {
        let file = tree.file(holding: read.offset, ofLayer: read.layer)
        return MountState.HungRead(
            file: file.map { tree.path(of: $0) } ?? "", layer: layers[read.layer].descriptor.digest, span: read.span,
            seconds: (read.milliseconds / 100).rounded() / 10)
    }
}
