// Where a merchant's programs hear of events: the endpoints, and what is done with one.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension Dashboard {
    var webhookEndpoints: [Endpoint] {
        let one = "/stores/:store/webhooks/:endpoint"
        return [
            privatePage("/stores/:store/webhooks", webhooks),
            privateForm("/stores/:store/webhooks", addWebhook),
            privatePage(one) { request, account in try await webhook(request, account) },
            privateForm(one, actOnWebhook),
            privatePage("\(one)/deliveries/:delivery", webhookDelivery),
            privateForm("\(one)/deliveries/:delivery", resendDelivery),
        ]
    }

    var endpointBook: WebhookEndpoints { WebhookEndpoints(onboarding.credentials) }

    // MARK: - All of them

    private func webhooks(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        try await webhookList(request, account, [], [:]).response()
    }

    private func webhookList(
        _ request: WebRequest, _ account: Account, _ problems: [FieldError], _ typed: [String: String]
    ) async throws -> StorePage {
        let (store, endpoints) = try await inStore(request, account, may: .read) { tx in
            (try await Stores().load(in: tx), try await endpointBook.all(in: tx))
        }
        let root = StorePlace.webhooks.address(in: store.tenant)
        let rows = endpoints.map { endpoint -> HTML in
            """
            <li><div><span class="name"><a href="\(link: "\(root)/\(endpoint.id)")">\
            \(endpoint.title.isEmpty ? endpoint.url : endpoint.title)</a></span>\
            <p class="fine">\(endpoint.url) · \(endpoint.kinds.count) kinds of events</p></div>\
            <span class="tag">\(endpoint.standing)</span></li>
            """
        }
        let list: HTML = "<ul class=\"lines panel\">\(rows)</ul>"
        let none: HTML = """
            <div class="empty"><p>No program of yours hears of events yet. Add the address of one below.</p>
            </div>
            """
        let form = WebhookForm(
            request: request, action: root, values: typed, problems: problems,
            button: "Add the endpoint", hidden: [("id", "\(WebhookEndpointID())")])
        return StorePage(
            request: request, account: account, store: store, place: .webhooks,
            main: """
                \(rows.isEmpty ? none : list)<h2>Add an endpoint</h2>\(form.html)
                <p class="fine">Messages are signed as Standard Webhooks are: webhook-id, \
                webhook-timestamp, webhook-signature. Count an id once: after a failure it may come again.</p>
                """)
    }

    private func addWebhook(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        func refused(_ problems: [FieldError]) async throws -> WebResponse {
            try await webhookList(request, account, problems, WebhookForm.typed(request))
                .response(status: 422)
        }
        let wish: WebhookEndpoints.Request
        switch WebhookForm.read(request, mayBePrivate: webhookDesk.mayReachPrivateHosts) {
        case .success(let read): wish = read
        case .failure(let refusal): return try await refused(refusal.problems)
        }
        let id = WebhookEndpointID(rawValue: request.form["id"].flatMap { UUID(uuidString: $0) } ?? UUID())
        do {
            let (store, secret) = try await inStore(request, account, may: .change) { tx in
                let secret = try await endpointBook.add(id, wish, in: tx)
                if secret != nil { try await note("webhook.add", "\(id)", account, request, in: tx) }
                return (try await Stores().load(in: tx), secret)
            }
            let address = "\(StorePlace.webhooks.address(in: store.tenant))/\(id)"
            // Sent twice: the secret was shown the first time.
            guard let secret else { return .seeOther(address) }
            return secretPage(request, account, store, secret, address)
        } catch StoreError.refused(.tooManyEndpoints) {
            return try await refused([
                FieldError("url", "is one too many: a store has at most ten endpoints")
            ])
        }
    }

    private func secretPage(
        _ request: WebRequest, _ account: Account, _ store: Store, _ secret: String, _ address: String
    ) -> WebResponse {
        StorePage(
            request: request, account: account, store: store, place: .webhooks, title: "The signing secret",
            main: """
                \(HTML.secret("The secret that messages are signed with", secret))
                <p><a class="button" href="\(link: address)">Go on</a></p>
                """
        ).response()
    }

    // MARK: - One of them

    private func webhook(
        _ request: WebRequest, _ account: Account, _ problems: [FieldError] = [],
        _ typed: [String: String]? = nil
    ) async throws -> WebResponse {
        let id = try endpointID(request)
        let state = request.query["state"].flatMap { WebhookDelivery.State(rawValue: $0) }
        let before = request.query["before"].flatMap { Int64($0) }
        let visit = try await inStore(request, account, may: .read) { tx in
            WebhookVisit(
                request: request, store: try await Stores().load(in: tx),
                endpoint: try await endpointBook.load(id, in: tx),
                deliveries: try await WebhookDeliveries().list(
                    to: id, only: state, before: before, limit: WebhookVisit.pageSize, in: tx),
                state: state, problems: problems, typed: typed)
        }
        return StorePage(
            request: request, account: account, store: visit.store, place: .webhooks,
            title: visit.endpoint.title.isEmpty ? "Endpoint" : visit.endpoint.title, main: visit.html
        ).response(status: problems.isEmpty ? 200 : 422)
    }

    private func actOnWebhook(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let id = try endpointID(request)
        let here = request.path
        switch request.form["act"] {
        case "save": return try await saveWebhook(id, request, account)
        case "replay": return try await replayWebhook(id, request, account)
        case "rotate":
            let (store, secret) = try await inStore(request, account, may: .change) { tx in
                try await note("webhook.rotate", "\(id)", account, request, in: tx)
                return (
                    try await Stores().load(in: tx),
                    try await endpointBook.rotate(id, at: request.receivedAt, in: tx)
                )
            }
            return secretPage(request, account, store, secret, here)
        case "remove":
            guard request.form["confirm"] == "yes" else {
                return try await webhook(
                    request, account, [FieldError("confirm", "Tick the box to remove the endpoint.")])
            }
            let tenant = try await inStore(request, account, may: .change) { tx in
                try await endpointBook.remove(id, in: tx)
                try await note("webhook.remove", "\(id)", account, request, in: tx)
                return tx.tenant
            }
            return .seeOther(StorePlace.webhooks.address(in: tenant))
        case "nudge":
            let runs = try await inStore(request, account, may: .change) { tx in
                try await WebhookLanes().runs(of: id, in: tx)
            }
            try await webhookDesk.nudge(runs)
        case let act:
            try await inStore(request, account, may: .change) { tx in
                try await turn(act, id, request, in: tx)
                try await note("webhook.\(act ?? "")", "\(id)", account, request, in: tx)
            }
        }
        return .seeOther(here)
    }

    private func turn(
        _ act: String?, _ id: WebhookEndpointID, _ request: WebRequest, in tx: Transaction<OneTenant>
    ) async throws {
        switch act {
        case "test": try await WebhookEvents().test(id, at: request.receivedAt, in: tx)
        case "enable": try await endpointBook.enable(id, in: tx)
        case "disable":
            try await endpointBook.disable(id, because: .merchant, at: request.receivedAt, in: tx)
        default: throw WebProblem(.invalidFields, "there is no such action")
        }
    }

    private func saveWebhook(
        _ id: WebhookEndpointID, _ request: WebRequest, _ account: Account
    ) async throws -> WebResponse {
        switch WebhookForm.read(request, mayBePrivate: webhookDesk.mayReachPrivateHosts) {
        case .failure(let refusal):
            return try await webhook(request, account, refusal.problems, WebhookForm.typed(request))
        case .success(let wish):
            try await inStore(request, account, may: .change) { tx in
                try await endpointBook.change(id, wish, in: tx)
                try await note("webhook.change", "\(id)", account, request, in: tx)
            }
            return .seeOther(request.path)
        }
    }

    private func replayWebhook(
        _ id: WebhookEndpointID, _ request: WebRequest, _ account: Account
    ) async throws -> WebResponse {
        var problems: [FieldError] = []
        func day(_ name: String) -> Date? {
            let text = request.form[name] ?? ""
            // Why it cannot be read adds nothing to what the form says. Read back, so that the thirty-first
            // of November is no first of December.
            let read = try? Date("\(text)T00:00:00Z", strategy: .iso8601)
            if let read, read.formatted(.iso8601).hasPrefix(text) { return read }
            problems.append(FieldError(name, "must be a day, such as 2026-11-23"))
            return nil
        }
        let (from, last) = (day("from"), day("until"))
        if let from, let last, last < from {
            problems.append(FieldError("until", "must not be before the first day"))
        }
        guard problems.isEmpty, let from, let last else {
            return try await webhook(request, account, problems)
        }
        try await inStore(request, account, may: .change) { tx in
            let until = last.addingTimeInterval(86_400)
            _ = try await WebhookEvents().replay(from: from, until: until, to: id, in: tx)
            try await note("webhook.replay", "\(id)", account, request, in: tx)
        }
        return .seeOther(request.path)
    }

    // MARK: - One delivery

    private func webhookDelivery(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let id = try deliveryID(request)
        let endpoint = try endpointID(request)
        let (store, found) = try await inStore(request, account, may: .read) { tx in
            (try await Stores().load(in: tx), try await WebhookDeliveries().load(id, in: tx))
        }
        guard found.delivery.endpoint == endpoint else { throw WebProblem(.notFound) }
        let page = WebhookDeliveryView(
            request: request, store: store, delivery: found.delivery, body: found.body,
            attempts: found.attempts)
        return StorePage(
            request: request, account: account, store: store, place: .webhooks, title: found.delivery.kind,
            main: page.html
        ).response()
    }

    private func resendDelivery(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let id = try deliveryID(request)
        let endpoint = try endpointID(request)
        let tenant = try await inStore(request, account, may: .change) { tx in
            let event = try await WebhookDeliveries().load(id, in: tx).delivery.event
            try await WebhookEvents().replay(event, to: endpoint, in: tx)
            try await note("webhook.resend", "\(id)", account, request, in: tx)
            return tx.tenant
        }
        return .seeOther("\(StorePlace.webhooks.address(in: tenant))/\(endpoint)")
    }

    private func endpointID(_ request: WebRequest) throws -> WebhookEndpointID {
        guard let id = UUID(uuidString: try request.parameter("endpoint")) else {
            throw WebProblem(.notFound)
        }
        return WebhookEndpointID(rawValue: id)
    }

    private func deliveryID(_ request: WebRequest) throws -> WebhookDeliveryID {
        guard let id = UUID(uuidString: try request.parameter("delivery")) else {
            throw WebProblem(.notFound)
        }
        return WebhookDeliveryID(rawValue: id)
    }

    /// Who did what, for whoever asks later.
    func note(
        _ action: String, _ target: String, _ account: Account, _ request: WebRequest,
        in tx: Transaction<OneTenant>
    ) async throws {
        try await Audit().record(
            actor: "user:\(account.id)", action: action, target: target, reason: nil,
            requestID: request.id, in: tx)
    }
}

extension WebhookEndpoint {
    /// How it is, in a word or two.
    var standing: String {
        switch disabledBecause {
        case .merchant: "off"
        case .failing: "off: took nothing for days"
        case .gone: "off: answered that it is gone"
        case nil: failingSince == nil ? "on" : "on, failing"
        }
    }
}
