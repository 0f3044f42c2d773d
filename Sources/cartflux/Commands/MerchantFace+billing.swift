// What the pages about plans, papers and teams start and ask.

import Commerce
import CommerceStore
import Durable
import Fleet
import Foundation
import Resend
import Stripe
import WebSupport
import Workflows

extension Platform {
    func planDesk() throws -> PlanDesk {
        let runs = runs
        let stripe = try shop.stripe
        return PlanDesk(
            change: { wish, home in
                try await runs.start(
                    ChangePlan.self, ChangePlan.Input(plan: wish.plan, page: wish.page), once: wish.once,
                    for: Tenant(home.tenant), in: home.postgres
                ).id.rawValue
            },
            follow: { run, home in
                let report = try await runs.report(RunID(rawValue: run))
                guard let report, report.tenant == Tenant(home), report.workflow == ChangePlan.name else {
                    return nil
                }
                return try PlanDesk.Progress(report)
            },
            paymentPage: { invoice in
                let known = try await stripe.invoice(StripeInvoice.ID(rawValue: invoice))
                return known.status == .open ? known.page : nil
            })
    }

    func paperDesk() -> PaperDesk {
        let runs = runs
        return PaperDesk { paper, tx in try await runs.issueAgain(paper, in: tx) }
    }

    func teamDesk() throws -> TeamDesk {
        let runs = runs
        return TeamDesk(
            database: database, secrets: LetterTokens(try credentials),
            sender: OutgoingMessage.sender("CartFlux", at: try shop.sender)
        ) { letter, room in
            try await runs.start(
                SendLetter.self, SendLetter.Input(letter: letter), once: "\(letter)", with: room)
        }
    }
}

extension PlanDesk.Progress {
    fileprivate init(_ report: RunReport) throws {
        guard report.status.isEnd else {
            self = .underWay
            return
        }
        guard report.status == .succeeded, let output = report.output, !report.isErased else {
            self = .stopped
            return
        }
        self =
            switch try output.decode(ChangePlan.Output.self, .output) {
            case .kept: .kept
            case .upgraded: .upgraded
            case .needsCard(let page): .needsCard(page: page)
            case .refused(let reason): .refused(reason: reason)
            case .downgraded: .downgraded
            case .withdrawn: .withdrawn
            }
    }
}
