import HermesCore

/// An image for one platform whose index should exist, and for whom.
package struct WantedImage: Hashable, Sendable {
    package var target: BuildTarget
    /// The policies that want it for this platform, by name; at least one.
    package var policies: [PolicyVersion]
    /// Whether all these policies are paused: what is there is served, and nothing new is built.
    package var isPaused: Bool
    /// How many Pods have the image and are selected by a policy that selects the image, for whichever platform.
    package var podCount: Int
    /// A few of these Pods, for messages and events; sorted.
    package var pods: [PodName]
    /// The credentials of all these Pods; sorted.
    package var scopes: [PullScope]
    /// Whether one of these Pods waits for the image now.
    package var isAwaited: Bool
    /// What nodes have found the reference to be, in the repository that it names; sorted. More than one while a tag moves.
    package var digests: [Digest]
    /// Grows each time that a Pod appears whose node asks the registry anew what the reference means (imagePullPolicy Always).
    package var arrival: Int

    /// Whether the reference names a manifest by its digest, and so means the same for ever.
    package var isPinned: Bool { target.image.contains("@") }
}
