import CFuse
import Glibc

extension ImageFilesystem {
    func getXattr(_ request: fuse_req_t, _ number: UInt64, _ name: UnsafePointer<CChar>, _ size: Int) {
        // ENOSYS once, and the kernel never asks again: most images have no attributes at all, and without this every
        // exec and every file of an `ls -l` would ask. Lists stay right, and empty. It would hold for all images of a mount.
        guard tree.hasXattrs || base != 0 else {
            fuse_reply_err(request, ENOSYS)
            return
        }
        guard let inode = tree.inode(number) else {
            // The state folder has none.
            fuse_reply_err(request, ENODATA)
            return
        }
        let wanted = UnsafeRawBufferPointer(start: name, count: strlen(name))
        // A copy, as the tree is looked at for the last time before the answer.
        var value: [UInt8]?
        tree.eachXattr(inode) { name, found in
            guard LayerTree.isEqual(name, wanted) else { return true }
            value = Array(found)
            return false
        }
        guard !failsBroken(request) else { return }
        guard let value else {
            fuse_reply_err(request, ENODATA)
            return
        }
        value.withUnsafeBytes { reply(request, $0, size) }
    }

    func listXattrs(_ request: fuse_req_t, _ number: UInt64, _ size: Int) {
        var names: [UInt8] = []
        // The state folder has none.
        if let inode = tree.inode(number) {
            tree.eachXattr(inode) { name, _ in
                names.append(contentsOf: name)
                names.append(0)
                return true
            }
        }
        guard !failsBroken(request) else { return }
        names.withUnsafeBytes { reply(request, $0, size) }
    }

    /// Size 0 asks for the size (getxattr(2)); a smaller one than needed is an error.
    private func reply(_ request: fuse_req_t, _ value: UnsafeRawBufferPointer, _ size: Int) {
        if size == 0 {
            fuse_reply_xattr(request, value.count)
        } else if value.count > size {
            fuse_reply_err(request, ERANGE)
        } else {
            fuse_reply_buf(request, value.baseAddress?.assumingMemoryBound(to: CChar.self), value.count)
        }
    }
}
