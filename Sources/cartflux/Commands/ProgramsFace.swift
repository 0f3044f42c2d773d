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
        return ProgramsDesk(
            credentials: try credentials, mayReachPrivateHosts: !(try isLive), claims: claimDesk()
        ) { wish, tx in
            do {
                // The key is of chance: what makes a repetition harmless is the answer that is kept in this
                // very transaction.
                let started = try await runs.refund(
                    RefundOrder.Input(
                        order: wish.order, payment: wish.payment, cause: wish.cause, units: wish.units,
                        isTold: true),
                    once: "program:\(UUID())", with: tx)
                guard started != nil else {
                    throw WebProblem(.conflict, "all of this has gone back, or is on its way")
                }
            } catch RunsError.overloaded(let what, let pause) {
                logger.warning("a refund was put off", metadata: ["because": "\(what)"])
                let seconds = Int(pause.seconds.rounded(.up))
                throw WebProblem(.unavailable, headers: ["Retry-After": "\(seconds)"])
            }
        }
    }
}
