extension GzipIndex {
    /// The size in bytes of the checkpoint blob (see `CheckpointBlob`).
    package var checkpointBlobSize: Int {
        CheckpointBlob.headerSize + checkpoints.count * CheckpointBlob.recordSize
    }

    /// Writes the checkpoint blob, version 2: `checkpointBlobSize` bytes in all, in pieces that are valid for the call.
    ///
    /// Only one window is unpacked at a time. The same index gives the same bytes. Throws what `write` throws, and
    /// `system` when memory is short.
    package func writeCheckpoints(to write: (UnsafeRawBufferPointer) throws -> Void) throws {
        try withUnsafeTemporaryAllocation(byteCount: CheckpointBlob.recordSize, alignment: 8) { record in
            // The indexer keeps the number of checkpoints far below 2^31.
            record.storeBytes(of: Int32(truncatingIfNeeded: checkpoints.count).littleEndian, as: Int32.self)
            record.storeBytes(of: spanSize.littleEndian, toByteOffset: 4, as: Int64.self)
            try write(UnsafeRawBufferPointer(rebasing: record[..<CheckpointBlob.headerSize]))
            for (index, checkpoint) in checkpoints.enumerated() {
                record.storeBytes(of: checkpoint.compressedOffset.littleEndian, as: Int64.self)
                record.storeBytes(
                    of: checkpoint.uncompressedOffset.littleEndian, toByteOffset: 8, as: Int64.self)
                record[16] = checkpoint.bits
                try withWindow(index) {
                    UnsafeMutableRawBufferPointer(rebasing: record[17...]).copyMemory(from: $0)
                }
                try write(UnsafeRawBufferPointer(record))
            }
        }
    }
}
