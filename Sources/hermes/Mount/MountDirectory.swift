import Glibc
import HermesSupport

/// The folder that an image is mounted on.
enum MountDirectory {
    /// Throws `cannotCreate` for a folder that is missing or not empty, `io` for one that cannot be read.
    static func check(_ directory: String) throws {
        let names: [String]
        do {
            names = try FolderListing.names(in: directory)
        } catch {
            let code: HermesError.Code = [ENOENT, ENOTDIR].contains(error.number) ? .cannotCreate : .io
            let advice = error.number == ENOTCONN ? "a mount was killed there: umount -l \(directory)" : nil
            throw HermesError(code, "cannot mount on \(directory)", cause: error, advice: advice)
        }
        guard names.isEmpty else {
            throw HermesError(.cannotCreate, "cannot mount on \(directory): it is not empty")
        }
    }
}
