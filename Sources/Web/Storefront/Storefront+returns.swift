// The withdrawal function, and correcting the address. Both are reached from the order's page by its secret
// alone. A withdrawal takes two steps, as the law describes them: a form, and a page that shows once more
// what is about to be declared. The declaration's id is made with the second page, so pressing twice is one.

import Commerce
import CommerceStore
import WebSupport

extension Storefront {
    var returnEndpoints: [Endpoint] {
        guard let desk = returns else { return [] }
        return [
            page("GET", "/o/:token/withdraw") { request in
                let order = try await placed(request)
                let offer = try await offer(order, request)
                return WithdrawPage(request, order, offer).form(WithdrawForm(), []).returned()
            },
            page("POST", "/o/:token/withdraw", askWithdrawal, isRateLimited: true),
            page(
                "POST", "/o/:token/withdraw/confirm",
                { try await withdraw($0, desk) }, isRateLimited: true),
            page("POST", "/o/:token/withdraw/:withdrawal/sent") { try await noteSent($0, desk) },
            page("GET", "/o/:token/address") { request in
                let order = try await placed(request)
                return AddressPage(request, order).form(AddressForm(), [], nil).returned()
            },
            page("POST", "/o/:token/address", { try await correct($0, desk) }, isRateLimited: true),
        ]
    }

    private func placed(_ request: WebRequest) async throws -> Order {
        let order = try await database.transaction(for: request.store.tenant) { tx -> Order? in
            guard let token = StatusToken(rawValue: try request.parameter("token")) else { return nil }
            return try await Orders().find(token: token, in: tx)
        }
        guard let order else { throw WebProblem(.notFound) }
        return order
    }

    private func offer(_ order: Order, _ request: WebRequest) async throws -> WithdrawalOffer {
        try await database.transaction(for: request.store.tenant) { tx in
            try await Withdrawals().offer(of: order.id, in: tx)
        }
    }

    private func askWithdrawal(_ request: WebRequest) async throws -> WebResponse {
        let order = try await placed(request)
        let offer = try await offer(order, request)
        let page = WithdrawPage(request, order, offer)
        let form = WithdrawForm(request.form, offer)
        let problems = form.problems(offer)
        guard problems.isEmpty else { return page.form(form, problems).returned(status: 422) }
        return page.confirmation(form, WithdrawalID()).returned()
    }

    private func withdraw(_ request: WebRequest, _ desk: ReturnsDesk) async throws -> WebResponse {
        let order = try await placed(request)
        let offer = try await offer(order, request)
        let form = WithdrawForm(request.form, offer)
        guard let id = try? WithdrawalID(parsing: request.form["withdrawal"] ?? ""),
            let email = EmailAddress(rawValue: form.email)
        else { throw WebProblem(.malformedRequest, "the form names no withdrawal") }
        let outcome = try await desk.withdraw(
            Withdrawals.Draft(
                id: id, order: order.id, name: form.name, email: email, language: request.language,
                units: form.units), for: request.store.tenant, at: request.receivedAt)
        switch outcome {
        case .declared: return .seeOther(request.address("/o/\(order.token.rawValue)"))
        case .tooLate: return WithdrawPage(request, order, offer).over.returned(status: 409)
        case .notThese:
            return WithdrawPage(request, order, offer).form(form, [.units]).returned(status: 409)
        }
    }

    private func noteSent(_ request: WebRequest, _ desk: ReturnsDesk) async throws -> WebResponse {
        let order = try await placed(request)
        let tracking = request.form["tracking"] ?? ""
        guard let id = try? WithdrawalID(parsing: request.parameter("withdrawal")) else {
            throw WebProblem(.notFound)
        }
        // An empty field or a whole letter is no parcel's number; the page asks again.
        if (1...100).contains(tracking.count) {
            let isKnown = try await desk.prove(
                tracking, of: id, order: order.id, for: request.store.tenant, at: request.receivedAt)
            guard isKnown else { throw WebProblem(.notFound) }
        }
        return .seeOther(request.address("/o/\(order.token.rawValue)"))
    }

    private func correct(_ request: WebRequest, _ desk: ReturnsDesk) async throws -> WebResponse {
        let order = try await placed(request)
        var form = BuyerForm(request.form).address
        form.country = order.address.country.rawValue
        form.vatNumber = order.address.vatNumber ?? ""
        let address: Address
        switch form.verdict() {
        case .success(let checked): address = checked
        case .failure(let wrong):
            return AddressPage(request, order).form(form, wrong.problems, nil).returned(status: 422)
        }
        let refusal = try await desk.correctAddress(
            of: order.id, to: address, for: request.store.tenant)
        guard let refusal else { return .seeOther(request.address("/o/\(order.token.rawValue)")) }
        return AddressPage(request, order).form(form, [], refusal).returned(status: 409)
    }
}

/// What was typed into the form of a withdrawal.
struct WithdrawForm: Sendable {
    enum Field: String, Sendable { case name, email, units }

    var name = ""
    var email = ""
    var units: [OrderLineID: Int] = [:]

    init() {}

    init(_ form: FormFields, _ offer: WithdrawalOffer) {
        name = String((form["name"] ?? "").prefix(100))
        email = form["email"] ?? ""
        for line in offer.lines {
            units[line.id] = form["line:\(line.id)"].flatMap { Int($0) }
        }
        units = units.filter { $0.value > 0 }
    }

    func problems(_ offer: WithdrawalOffer) -> [Field] {
        var problems: [Field] = []
        if name.isEmpty { problems.append(.name) }
        if EmailAddress(rawValue: email) == nil || email.count > 254 { problems.append(.email) }
        let isPossible = units.allSatisfy { id, count in
            offer.lines.contains { $0.id == id && $0.exclusion == nil && count <= $0.units.count }
        }
        if units.isEmpty || !isPossible { problems.append(.units) }
        return problems
    }
}

extension ShopPage {
    /// A page about one order is nobody else's, and no search engine's.
    func returned(status: Int = 200) -> WebResponse {
        var response = hidden.response(status: status)
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response
    }
}
