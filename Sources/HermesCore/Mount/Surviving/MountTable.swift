/// The mounts of this process's namespace, from the text of /proc/self/mountinfo (proc(5)).
enum MountTable {
    /// The type of the file system that lies uppermost on a folder, by the folder's full path; nil where nothing is mounted
    /// there.
    static func type(at path: String, in text: String) -> String? {
        let wanted = escaped(path)
        return text.split(separator: "\n").last { line in
            // The mount's ID, its parent's, the device, the root within the file system, and the place.
            let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: false)
            return fields.count > 5 && fields[4] == wanted
        }.flatMap { line in
            // A number of optional fields ends with "-"; the type follows.
            let fields = line.split(separator: " ")
            return fields.dropFirst(6).firstIndex(of: "-").flatMap {
                $0 + 1 < fields.count ? String(fields[$0 + 1]) : nil
            }
        }
    }

    /// A path as the table has it: blanks, line ends and backslashes in octal.
    private static func escaped(_ path: String) -> String {
        var text: [UInt8] = []
        for byte in path.utf8 {
            switch byte {
            case 0x20: text += Array("\\040".utf8)
            case 0x09: text += Array("\\011".utf8)
            case 0x0a: text += Array("\\012".utf8)
            case 0x5c: text += Array("\\134".utf8)
            default: text.append(byte)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
