import Glibc

extension SystemThread {
    /// Lets the calling thread run only when nothing else wants its processor (SCHED_IDLE, sched(7)), or like any other again.
    /// Where the kernel refuses, it stays as it is.
    package static func yieldProcessor(_ yields: Bool) {
        var parameters = sched_param(sched_priority: 0)
        sched_setscheduler(0, yields ? 5 : SCHED_OTHER, &parameters)
    }
}
