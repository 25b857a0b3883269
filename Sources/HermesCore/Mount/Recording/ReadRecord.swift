/// Which files of an image were read while somebody recorded that, and which were not. Sizes are uncompressed bytes where nothing
/// else is said, times are seconds since the recording began.
package struct ReadRecord: Codable, Sendable, Equatable {
    /// The files of the image that lie in one layer, hard links counted once. What a higher layer replaces or removes is in no file.
    package struct Layer: Codable, Sendable, Equatable {
        package var digest: Digest
        /// The layer as the registry has it.
        package var bytes: Int64
        package var files = 0
        package var fileBytes: Int64 = 0
        /// Those of which a byte was read, and their whole size.
        package var touchedFiles = 0
        package var touchedFileBytes: Int64 = 0
        /// The bytes that were asked for, each as often as it was.
        package var readBytes: Int64 = 0
    }

    package struct TouchedFile: Codable, Sendable, Equatable {
        package var path: String
        /// From 0, which is the lowest.
        package var layer: Int
        package var bytes: Int64
        /// When it was read first.
        package var at: Double
        package var reads: Int
        package var readBytes: Int64
        /// The part of `readBytes` whose reads waited for the registry.
        package var fetchedBytes: Int64
    }

    package struct UntouchedFile: Codable, Sendable, Equatable {
        package var path: String
        package var layer: Int
        package var bytes: Int64
    }

    /// A folder in which no file was read, while one was in the folder above it.
    package struct UntouchedFolder: Codable, Sendable, Equatable {
        package var path: String
        package var files: Int
        package var bytes: Int64
    }

    /// Reads of one file within a tenth of a second.
    package struct Read: Codable, Sendable, Equatable {
        package var at: Double
        package var path: String
        package var layer: Int
        package var bytes: Int64
        /// The longest that one of them waited for the registry; nil for those that the cache answered.
        package var seconds: Double?
    }

    /// The most files that are listed as touched, and the most files and folders that are listed as not touched: the largest.
    static let touchedLimit = 10_000
    static let untouchedLimit = 100

    /// How long it was recorded.
    package var seconds: Double
    package var layers: [Layer]
    /// The largest first.
    package var touched: [TouchedFile]
    package var untouchedFiles: [UntouchedFile]
    package var untouchedFolders: [UntouchedFolder]
    /// In the order of their times; of more than 2,000, those with the most bytes.
    package var reads: [Read]
}
