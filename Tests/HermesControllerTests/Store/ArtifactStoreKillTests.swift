import HermesCore
import HermesSupport
import HermesTestKit
import Testing

@testable import HermesController

/// A controller that is killed at any moment leaves a store that the next one goes on with.
@Suite struct ArtifactStoreKillTests {
    @Test func killLeavesWholeArtifacts() throws {
        let folder = try TestFolder()
        var told = 0
        for microseconds in [1, 5000, 12_000, 25_000, 40_000, 70_000] {
            told += try TestChild.killed("artifacts", folder.path, afterMicroseconds: microseconds)
            let store = try ArtifactStore(folder.path)
            #expect(try FolderListing.names(in: "\(folder.path)/tmp").isEmpty)
            let artifacts = try store.artifacts(before: nil, limit: 1000)
            // The child has a budget for some of them; the last one that it told of is among these.
            #expect(try #require(artifacts.first).id >= Int64(told))
            #expect(artifacts.count >= 3)
            for artifact in artifacts {
                let blobs = artifact.layers.map(\.digest) + [try #require(artifact.index).digest]
                #expect(blobs.count == 3)
                for blob in blobs { #expect(Digest.of(try TestTool.read(store.folder.path(of: blob))) == blob) }
            }
            _ = try store.collectGarbage(unusedFor: 1000, sizeBudget: .max)
            let named = Set(artifacts.flatMap { $0.layers.map(\.digest) + [$0.index?.digest].compactMap { $0 } })
            #expect(try store.folder.digests() == named)
        }
        #expect(told >= 60)
    }
}
