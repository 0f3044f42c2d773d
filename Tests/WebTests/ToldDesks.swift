import CommerceStore
import Foundation
import Synchronization
import WebSupport

@testable import Commerce

/// Stands in for what the pages about plans, papers and teams start.
final class ToldDesks: Sendable {
    static let paymentPage = "https://stripe.test/invoice"

    private struct State {
        var runs: [String: UUID] = [:]
        var homes: [UUID: TenantID] = [:]
        var wishes: [TenantID: [PlanDesk.Wish]] = [:]
        var progress: [UUID: PlanDesk.Progress] = [:]
        var retried: [InvoiceID] = []
    }

    private let state = Mutex(State())

    var plans: PlanDesk {
        PlanDesk(
            change: { wish, home in self.take(wish, home.tenant) },
            follow: { run, home in self.progress(of: run, home) },
            paymentPage: { "\(Self.paymentPage)/\($0)" })
    }

    var papers: PaperDesk {
        PaperDesk { paper, _ in
            self.state.withLock { $0.retried.append(paper.id) }
            return true
        }
    }

    static func team(
        _ database: Database, _ secrets: LetterTokens, _ mailbox: Mailbox
    ) -> TeamDesk {
        TeamDesk(
            database: database, secrets: secrets, sender: "CartFlux <hello@mail.example.test>"
        ) { letter, room in
            let draft = try await Emails().load(letter, in: room).draft
            mailbox.take("\(draft.subject)\n\(try secrets.revealing(draft.plain))", to: draft.recipient)
            mailbox.take(try secrets.revealing(draft.html), to: "html:\(draft.recipient)")
        }
    }

    func wishes(of home: TenantID) -> [PlanDesk.Wish] { state.withLock { $0.wishes[home] ?? [] } }
    func retries(of invoice: InvoiceID) -> Int { state.withLock { $0.retried.count { $0 == invoice } } }

    /// What the page is told about a run from now on.
    func say(_ progress: PlanDesk.Progress, of run: UUID) { state.withLock { $0.progress[run] = progress } }

    private func take(_ wish: PlanDesk.Wish, _ home: TenantID) -> UUID {
        state.withLock { state in
            if let known = state.runs[wish.once] { return known }
            let run = UUID()
            state.runs[wish.once] = run
            state.homes[run] = home
            state.wishes[home, default: []].append(wish)
            return run
        }
    }

    private func progress(of run: UUID, _ home: TenantID) -> PlanDesk.Progress? {
        state.withLock { $0.homes[run] == home ? $0.progress[run] ?? .underWay : nil }
    }
}
