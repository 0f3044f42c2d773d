// A number that was valid may be struck off, and one that nobody answered about is still to be asked: every
// night those that are due are asked about, before the month's invoices of the first go out.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials

/// Starts the checks of VAT numbers that are due, for all accounts.
package struct RecheckVATNumbers: Workflow {
    package static let name: WorkflowName = "recheck_vat_numbers"

    package enum Step: String, WorkflowStep { case start }

    package struct Input: Codable, Sendable {
        package let due: Date
        package init(due: Date) { self.due = due }
    }

    /// How many were started.
    package typealias Output = Int

    /// Accounts of one step, and steps of one round; what is left over is due in the next.
    private static let page = 100
    private static let rounds = 500

    private struct Page: Codable, Sendable {
        let count: Int
        let last: TenantID?
    }

    let shop: Shop

    package func run(_ input: Input, _ flow: Flow<Self>) async throws -> Int {
        var started = 0
        var last: TenantID?
        for round in 1...Self.rounds {
            let after = last
            let page = try await flow.step(.start, for: round, retry: .patient) { _ in
                try await start(after: after, due: input.due)
            }
            started += page.count
            last = page.last
            if page.count < Self.page { break }
        }
        return started
    }

    /// Repeated, it finds the runs that it has started.
    private func start(after last: TenantID?, due: Date) async throws -> Page {
        let found = try await shop.database.platformTransaction { tx in
            try await VATChecks().due(at: due, after: last, limit: Self.page, in: tx)
        }
        for one in found {
            try await shop.inStore(Tenant(one.home)) { tx in
                // Kept by an older form, perhaps: no register could find it, so none is asked.
                if let problem = VATNumber.problem(in: one.number.rawValue) {
                    return try await refuse(one.number, because: problem, in: tx)
                }
                try await CheckVATNumber.begin(one.number, with: shop.starter, in: tx)
            }
        }
        return Page(count: found.count, last: found.last?.home)
    }

    /// Said once, however many nights pass.
    private func refuse(
        _ number: VATNumber, because problem: String, in tx: Transaction<OneTenant>
    ) async throws {
        try await Attention().open(
            .vatNumber, subject: number.rawValue,
            message:
                "\(number) cannot be a VAT number: \(problem). Correct it; until then our invoices carry "
                + "VAT", in: tx)
    }
}

extension RecheckVATNumbers: Scheduled {
    package static var schedules: [Schedule] {
        get throws(ScheduleError) {
            [try Schedule("vat_numbers", .cron("10 1 * * *"), in: "Europe/Bucharest")]
        }
    }

    package static func input(for firing: ScheduledFiring) throws -> Input { Input(due: firing.nominal) }
}
