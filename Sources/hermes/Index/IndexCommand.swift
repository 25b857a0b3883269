import ArgumentParser

/// The role that makes and uses indexes by hand.
struct IndexCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index",
        abstract: "Build, look into, check and use the index of an image.",
        discussion: """
            An index is a SOCI index (version 1): for every layer the list of its files and a set of points from which \
            decompression can start in the middle. It leaves the image as it is.
            """,
        subcommands: [IndexBuild.self, IndexInspect.self, IndexVerify.self, IndexExport.self]
    )
}
