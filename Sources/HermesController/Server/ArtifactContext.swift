import Hummingbird
import NIOCore

/// What a request brings beside itself.
struct ArtifactContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }
}

extension Response {
    /// The same answer, after which the connection ends: a client could send the body of its request for ever.
    func closing(_ channel: any Channel) -> Response {
        var response = self
        let body = response.body
        response.headers[.connection] = "close"
        let length = response.headers[.contentLength]
        response.body = ResponseBody(contentLength: body.contentLength) { writer in
            try await body.write(writer)
            channel.close(promise: nil)
        }
        response.headers[.contentLength] = length
        return response
    }
}
