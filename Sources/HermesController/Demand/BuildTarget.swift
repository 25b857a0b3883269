import HermesCore

/// What one build is for: an image as Pods name it, and a platform.
package struct BuildTarget: Hashable, Sendable {
    /// The text in the Pods, which nobody has checked.
    package let image: String
    package let platform: Platform

    package init(image: String, platform: Platform) {
        self.image = image
        self.platform = platform
    }
}

extension BuildTarget: Comparable {
    package static func < (left: BuildTarget, right: BuildTarget) -> Bool {
        left.image == right.image
            ? left.platform.description < right.platform.description : left.image < right.image
    }
}
