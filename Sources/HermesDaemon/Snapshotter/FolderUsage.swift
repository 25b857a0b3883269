import Glibc
import HermesSupport

/// What a folder takes on the disk, counted as containerd does: 512 bytes for each block, hard links once, the folder itself
/// included.
enum FolderUsage {
    /// Folders within each other, for each of which one is held open.
    static let depth = 1000

    /// Walks the folder at `path`. What goes away meanwhile is not counted. Throws the error of a failed call, and
    /// `unsupported` for folders that are nested too deep. Blocks on the disk.
    static func measure(_ path: String) throws -> SnapshotUsage {
        do throws(SystemError) {
            var walk = Walk(device: 0)
            let top = try OpenFolder(path)
            let status = try top.attributes()
            walk.device = status.st_dev
            walk.count(status)
            var open = [(folder: top, names: try top.names())]
            while let level = open.indices.last {
                guard let name = open[level].names.popLast() else {
                    open.removeLast()
                    continue
                }
                guard let child = try walk.visit(name, in: open[level].folder) else { continue }
                guard open.count < depth else { throw SystemError(ELOOP) }
                open.append((child, try child.names()))
            }
            return walk.usage
        } catch {
            guard error.number != ELOOP else {
                throw HermesError(.unsupported, "the folders in \(path) are nested deeper than \(depth)")
            }
            throw HermesError.file("measure", path, error)
        }
    }

    private struct Walk {
        var usage = SnapshotUsage()
        var device: dev_t
        /// The inodes with several names that were counted.
        var linked: Set<ino_t> = []

        init(device: dev_t) { self.device = device }

        mutating func count(_ status: stat) {
            usage.inodes += 1
            usage.size += Int64(status.st_blocks) * 512
        }

        /// Counts an entry; opens it if it is a folder of this file system.
        mutating func visit(_ name: String, in folder: OpenFolder) throws(SystemError) -> OpenFolder? {
            do throws(SystemError) {
                let status = try folder.attributes(name)
                guard status.st_mode & S_IFMT == S_IFDIR else {
                    if status.st_nlink == 1 || linked.insert(status.st_ino).inserted { count(status) }
                    return nil
                }
                count(status)
                return status.st_dev == device ? try OpenFolder(name, in: folder) : nil
            } catch {
                guard error.number == ENOENT else { throw error }
                return nil
            }
        }
    }
}
