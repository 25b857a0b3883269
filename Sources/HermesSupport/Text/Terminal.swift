import CLinux

/// The terminal behind a descriptor.
package enum Terminal {
    /// Its columns; 80 when it does not say, or is none.
    package static func width(of descriptor: Int32) -> Int {
        let width = Int(hermes_terminal_width(descriptor))
        return width > 0 ? width : 80
    }
}
