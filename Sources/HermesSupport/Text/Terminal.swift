import CLinux

/// The terminal behind a descriptor.
package enum Terminal {
    /// The width in columns; 80 when the file is not a terminal or does not report its width.
    package static func width(of descriptor: Int32) -> Int {
        let width = Int(hermes_terminal_width(descriptor))
        return width > 0 ? width : 80
    }
}
