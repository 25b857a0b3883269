extension Image {
    /// For each layer the digest of it with those below: the names of containerd's snapshots (OCI image spec, "Layer ChainID").
    package var chainIDs: [Digest] {
        var chain: Digest?
        return layers.map { layer in
            let next = chain.map { Digest.of(Array("\($0) \(layer.diffID)".utf8)) } ?? layer.diffID
            chain = next
            return next
        }
    }
}
