// The fleet's news as pages hear them: the engine names tenants, the pages stores.

import Commerce
import Fleet
import WebSupport

extension LiveHub {
    /// Hears what the fleet tells of its runs.
    ///
    /// - Parameter isReachable: whether the dispatcher answers just now.
    package convenience init(
        _ runs: Runs, pace: Pace = Pace(), isReachable: @escaping @Sendable () async -> Bool
    ) {
        self.init(pace: pace, isReachable: isReachable) {
            let heard = runs.events.news()
            let (news, source) = News.makeStream(bufferingPolicy: .bufferingNewest(1_000))
            // Ends with what is heard; cancelled when nobody listens any more.
            let task = Task {
                for await one in heard {
                    switch one {
                    case .listening: source.yield(nil)
                    case .changed(let changes): source.yield(changes.map(LiveNews.init))
                    }
                }
                source.finish()
            }
            source.onTermination = { _ in task.cancel() }
            return news
        }
    }
}

extension LiveNews {
    fileprivate init(_ change: RunChange) {
        // Work of the platform has a tenant that is no store.
        self.init(
            run: change.run.rawValue, tenant: change.tenant.flatMap { try? TenantID(parsing: $0.rawValue) })
    }
}
