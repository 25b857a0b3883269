/// The state of a cached layer as a whole: how its content compares with the diff ID of an image, and with its own zTOC.
package enum LayerCheck: Sendable, Equatable {
    /// The content was not compared yet.
    case open
    /// The content has that diff ID, and the zTOC describes every file of its tar.
    case verified
    /// The content had another digest once, was forgotten, and is fetched a second time.
    case failedOnce
    /// The content had another digest twice: as each span is that of the index, the index does not fit the image.
    case failed
    /// The content had the diff ID of an image, but the zTOC describes other files than its tar holds.
    case forged
    /// The content has another diff ID than this image gives for it.
    case contradicted
}
