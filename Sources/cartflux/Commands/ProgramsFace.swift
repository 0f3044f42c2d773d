// What merchants' programs set going through the API.

import CommerceStore
import Durable
import Fleet
import Foundation
import WebSupport
import Workflows

extension Platform {
    func programsDesk() throws -> ProgramsDesk {
        let runs = runs
        return ProgramsDesk(credentials: try credentials, mayReachPrivateHosts: !(try isLive)) { wish, tx in
            do {
                // The key is of chance: what makes a repetition harmless is the answer that is kept in this
                // very transaction.
                try await runs.start(
                    RefundOrder.self,
                    RefundOrder.Input(
                        order: wish.order, payment: wish.payment, cause: wish.cause, units: wish.units),
                    once: "program:\(UUID())", with: tx)
            } catch RunsError.overloaded(let what, let pause) {
                logger.warning("a refund was put off", metadata: ["because": "\(what)"])
                let seconds = Int(pause.seconds.rounded(.up))
                throw WebProblem(.unavailable, headers: ["Retry-After": "\(seconds)"])
            }
        }
    }
}
