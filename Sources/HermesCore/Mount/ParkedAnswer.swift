import CFuse
import Glibc
import Synchronization

/// The answer to a read that waits: the bytes or EIO when they have come or will not, EINTR when the reader was killed before.
///
/// A process that waits for a request of FUSE's does not end before the request is answered, not even by SIGKILL. So an
/// interrupted read is answered at once; its span goes on its way. Safe for use from any thread.
final class ParkedAnswer: @unchecked Sendable {
    private let request: fuse_req_t
    private let scheduler: SpanScheduler
    private let isGiven = Atomic(false)

    init(_ request: fuse_req_t, _ scheduler: SpanScheduler) {
        self.request = request
        self.scheduler = scheduler
    }

    /// From now on the kernel's word that the reader was interrupted is heard. To be called once, before `give` can be.
    func watchInterrupt() {
        // libfuse forgets the pointer when the request is answered, under the lock under which it uses it: `give` releases it.
        fuse_req_interrupt_func(
            request,
            { _, pointer in
                guard let pointer else { return }
                let answer = Unmanaged<ParkedAnswer>.fromOpaque(pointer).takeUnretainedValue()
                // libfuse holds the request's lock here, which the reply takes as well.
                answer.scheduler.soon { answer.give { fuse_reply_err($0, EINTR) } }
            }, Unmanaged.passRetained(self).toOpaque())
    }

    /// Answers the request with `reply`, if it is not answered yet.
    func give(_ reply: (fuse_req_t) -> Int32) {
        guard !isGiven.exchange(true, ordering: .acquiringAndReleasing) else { return }
        _ = reply(request)
        // The reference of `watchInterrupt`.
        Unmanaged.passUnretained(self).release()
    }
}
