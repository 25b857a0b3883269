import HermesCore
import HermesSupport

extension NodeImages {
    /// What can change while images are mounted.
    struct Settings {
        var configuration: DaemonConfiguration
        /// Where indexes are looked for, as the configuration says.
        var indexes: IndexSearch
    }

    var fetchesInBackground: Bool { settings.withLock { $0.configuration.fetchesInBackground } }

    /// Puts other settings in force. A fill that is under way goes on; where the background fetches from now on, the images that
    /// are shown are filled as well.
    func reload(_ new: DaemonConfiguration) {
        let wasFetching = settings.withLock { settings in
            let old = settings.configuration
            settings.configuration = new
            // Another search has another circuit breaker: a controller that is the same stays left alone.
            if new.artifactStore != old.artifactStore {
                settings.indexes = IndexSearch(new.artifactStore, http: http, folder: cache.path, log: log)
            }
            return old.fetchesInBackground
        }
        keeper.resize(to: CacheBudget(size: new.cacheSize))
        guard new.fetchesInBackground, !wasFetching else { return }
        for shown in state.withLock({ $0.value.allShown }) { shown.lazy.scheduler.fill {} }
    }
}
