// Reporting a problem with an order. It is reached from the order's page by its secret alone. The report's id
// is made with the form, so pressing twice is one report.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension Storefront {
    var claimEndpoints: [Endpoint] {
        guard let desk = claims else { return [] }
        return [
            page("GET", "/o/:token/problem") { request in
                let (order, offer) = try await claimable(request)
                return ClaimPage(request, order, offer).form(ClaimForm(), []).returned()
            },
            page("POST", "/o/:token/problem", { try await report($0, desk) }, isRateLimited: true),
        ]
    }

    private func claimable(_ request: WebRequest) async throws -> (Order, ClaimOffer) {
        let found = try await database.transaction(for: request.store.tenant) { tx in
            guard let token = StatusToken(rawValue: try request.parameter("token")),
                let order = try await Orders().find(token: token, in: tx)
            else { return nil as (Order, ClaimOffer)? }
            return (order, try await OrderClaims().offer(of: order.id, in: tx))
        }
        guard let found else { throw WebProblem(.notFound) }
        return found
    }

    private func report(_ request: WebRequest, _ desk: ClaimDesk) async throws -> WebResponse {
        let (order, offer) = try await claimable(request)
        let form = ClaimForm(request.form)
        let page = ClaimPage(request, order, offer)
        let back = request.address("/o/\(order.token.rawValue)")
        // Who presses twice finds nothing to choose any more, and has reported it all the same.
        let known = try await database.transaction(for: request.store.tenant) {
            try await OrderClaims().find(form.id, in: $0)
        }
        if known?.order == order.id { return .seeOther(back) }
        let problems = form.problems(offer)
        guard problems.isEmpty, let line = form.line, let problem = form.problem, let wish = form.wish else {
            return page.form(form, problems).returned(status: 422)
        }
        let outcome = try await desk.report(
            OrderClaims.Draft(
                id: form.id, order: order.id, line: line, count: form.count, problem: problem, wish: wish,
                description: form.description, language: request.language),
            for: request.store.tenant, at: request.receivedAt)
        switch outcome {
        case .reported: return .seeOther(back)
        case .refused(.notThese): return page.form(form, [.line]).returned(status: 409)
        case .refused: return page.over.returned(status: 409)
        }
    }
}

/// What was typed into the form of a report.
struct ClaimForm: Sendable {
    enum Field: String, Sendable { case line, count, problem, wish, description }

    static let longestDescription = 2_000

    var id = OrderClaimID()
    var line: OrderLineID?
    var count = 1
    var problem: ClaimProblem?
    var wish: ClaimWish?
    var description = ""
    /// As it was typed, for showing it again.
    var typedCount = "1"

    init() {}

    init(_ form: FormFields) {
        if let text = form["claim"], let known = try? OrderClaimID(parsing: text) { id = known }
        line = form["line"].flatMap { try? OrderLineID(parsing: $0) }
        typedCount = String((form["count"] ?? "").prefix(10))
        count = Int(typedCount) ?? 0
        problem = form["problem"].flatMap { ClaimProblem(rawValue: $0) }
        wish = form["wish"].flatMap { ClaimWish(rawValue: $0) }
        description = form["description"] ?? ""
    }

    func problems(_ offer: ClaimOffer) -> [Field] {
        var problems: [Field] = []
        let chosen = offer.lines.first { $0.id == line }
        if chosen == nil { problems.append(.line) }
        if count < 1 || count > chosen?.units.count ?? .max { problems.append(.count) }
        if problem.map({ !ClaimProblem.reported.contains($0) }) ?? true { problems.append(.problem) }
        if wish == nil { problems.append(.wish) }
        if !(1...Self.longestDescription).contains(description.count) || description.contains("\0") {
            problems.append(.description)
        }
        return problems
    }
}
