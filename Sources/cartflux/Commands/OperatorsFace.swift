// The operators' console put together. Lists and data are read through a client of the engine that has no
// keys of people, so that no page shows what is sealed by mistake; verbs, which must open a run to go on with
// it, and what is told of one run's failures have the keys.

import CommerceStore
import Console
import Durable
import Fleet
import Foundation
import WebSupport
import Workflows

extension Platform {
    /// Where the platform's administrators sign in.
    static func consoleHost(_ domain: String) -> String { "ops.\(domain)" }

    func console(_ live: LiveHub) throws -> Console {
        var closed = fleet
        closed.masterKeys = nil
        let reading = Runs(closed, redis: redis, pool: enginePool, logger: logger)
        let admins = Admins(database, credentials: try credentials, passwords: Passwords())
        let tools = FleetTools(
            runs: reading, opened: runs, operations: Operations(runs, masterKeys: fleet.masterKeys),
            control: Control(runs),
            schedules: Schedules(runs, book: try ScheduleBook(Shop.scheduled), redis: redis),
            pool: enginePool, harmless: Self.harmless, pulls: PlatformCatalogueSync.name,
            limits: Limits(redis: redis, logger: logger))
        return Console(
            desk: AdminDesk(database: database, admins: admins, live: live), database: database,
            tools: tools, papers: paperDesk())
    }

    /// Workflows that move no money: one person may act on them in bulk. Everything else, and what is not
    /// known here, takes two.
    private static var harmless: Set<String> {
        let names: [WorkflowName] = [
            SendLetter.name, SendOrderEmail.name, FollowParcels.name, SupplierSync.name,
            StartSupplierSyncs.name, PlatformCatalogueSync.name, MerchantOnboarding.name,
            ReconcileLedger.name, InvoiceOrder.name, CreditOrder.name,
        ]
        return Set(names.map(\.rawValue))
    }
}
