// A person's right to a copy and to be erased. The merchant asks on a shopper's behalf, by the address; who
// is signed in asks about the own account. What a request says of its end is a count of rows, never the data.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension Dashboard {
    var personalDataEndpoints: [Endpoint] {
        guard let desk = personalData else { return [] }
        return shopperEndpoints(desk) + ownEndpoints(desk)
    }

    // MARK: - A store's shoppers

    private static let shopperFields = [
        FormField("email", "E-mail address of the shopper", type: "email"),
        FormField(
            "kind", "What is asked for",
            choices: [("export", "A copy of everything"), ("erasure", "Erasure")]),
    ]

    private func shopperEndpoints(_ desk: PersonalDataDesk) -> [Endpoint] {
        [
            privatePage("/stores/:store/personal-data") { request, account in
                try await shoppers(desk, request, account, [])
            },
            privateForm("/stores/:store/personal-data") { request, account in
                let email = EmailAddress(rawValue: request.form["email"] ?? "")
                let kind = PersonalDataKind(rawValue: request.form["kind"] ?? "")
                guard let email else {
                    let problem = FieldError("email", "is not an address")
                    return try await shoppers(desk, request, account, [problem])
                }
                guard let kind else {
                    return try await shoppers(desk, request, account, [FieldError("kind", "is needed")])
                }
                let tenant = try await inStore(request, account, may: .administer) { tx in
                    let store = try await Stores().load(in: tx)
                    let draft = PersonalDataRequests.Draft(
                        kind, of: email, askedBy: .merchant, actor: "user:\(account.id)",
                        language: store.languages.first ?? .english)
                    _ = try await desk.ask(draft, at: request.receivedAt, in: tx)
                    return store.tenant
                }
                return .seeOther("/stores/\(tenant)/personal-data")
            },
            privatePage("/stores/:store/personal-data/:request/copy") { request, account in
                let id = try Self.requestID(request)
                let copy = try await inStore(request, account, may: .administer) { tx in
                    let copy = try await desk.copy(of: id, at: request.receivedAt, in: tx)
                    if copy != nil {
                        try await Audit().record(
                            actor: "user:\(account.id)", action: "personal_data.export.fetched",
                            target: "personal_data_request:\(id)", reason: nil, requestID: request.id, in: tx)
                    }
                    return copy
                }
                return try Self.download(copy)
            },
        ]
    }

    private func shoppers(
        _ desk: PersonalDataDesk, _ request: WebRequest, _ account: Account, _ problems: [FieldError]
    ) async throws -> WebResponse {
        let (store, asked) = try await inStore(request, account, may: .administer) { tx in
            (try await Stores().load(in: tx), try await desk.recent(in: tx))
        }
        let root = StorePlace.personalData.address(in: store.tenant)
        let form = FormView(
            request: request, action: root, fields: Self.shopperFields,
            values: ["email": request.query["email"] ?? ""].merging(
                request.typed(Self.shopperFields), uniquingKeysWith: { $1 }), problems: problems,
            button: "Start")
        let isUnderWay = asked.contains { $0.status == .running }
        return StorePage(
            request: request, account: account, store: store, place: .personalData,
            refreshSeconds: isUnderWay && problems.isEmpty ? 5 : nil,
            main: """
                <p>A shopper may ask for a copy of what you keep about them, and that it is erased. They can \
                ask on your shop's own page, <span class="fine">/personal-data</span>, or you do it here for \
                them. Invoices stay for \(KeptByLaw.yearsOfPapers) years from the July after their year, as \
                the law demands. While an order is open, an erasure waits for its end.</p>
                \(form.html)
                <h2>Requests</h2>\(Self.list(asked, root))
                """
        ).response(status: problems.isEmpty ? 200 : 422)
    }

    // MARK: - The own account

    private func ownEndpoints(_ desk: PersonalDataDesk) -> [Endpoint] {
        [
            privatePage("/account/personal-data") { request, account in
                try await own(desk, request, account, [])
            },
            privateForm("/account/personal-data") { request, account in
                let kind = PersonalDataKind(rawValue: request.form["kind"] ?? "") ?? .export
                // What cannot be taken back is asked for in the person's own hand.
                if kind == .erasure,
                    EmailAddress(rawValue: request.form["email"] ?? "")?.canonical != account.email.canonical
                {
                    let problem = FieldError("email", "is not the address of this account")
                    return try await own(desk, request, account, [problem])
                }
                try await database.transaction(for: account.id.room) { room in
                    let draft = PersonalDataRequests.Draft(
                        kind, of: account.email, about: .user, askedBy: .person, actor: "user:\(account.id)",
                        language: account.language)
                    _ = try await desk.ask(draft, at: request.receivedAt, in: room)
                }
                return .seeOther("/account/personal-data")
            },
            privatePage("/account/personal-data/:request/copy") { request, account in
                let id = try Self.requestID(request)
                let copy = try await database.transaction(for: account.id.room) { room in
                    try await desk.copy(of: id, at: request.receivedAt, in: room)
                }
                return try Self.download(copy)
            },
        ]
    }

    private func own(
        _ desk: PersonalDataDesk, _ request: WebRequest, _ account: Account, _ problems: [FieldError]
    ) async throws -> WebResponse {
        let root = "/account/personal-data"
        let asked = try await database.transaction(for: account.id.room) { try await desk.recent(in: $0) }
        let copy = FormView(
            request: request, action: root, fields: [], button: "Make a copy of my data",
            hidden: [("kind", "export")])
        let fields = [
            FormField(
                "email", "Your e-mail address", type: "email",
                hint: "To erase your account, type its address. It cannot be taken back.")
        ]
        let erasure = FormView(
            request: request, action: root, fields: fields, values: request.typed(fields),
            problems: problems, button: "Erase my account", hidden: [("kind", "erasure")])
        var page = DashboardPage(
            request, title: "Your data", account: account,
            main: """
                <h1>Your data</h1><p>Your stores must be closed and your bills paid before you can be \
                erased. Our invoices to you stay as long as the law demands.</p>
                \(copy.html)\(erasure.html)
                <h2>Requests</h2>\(Self.list(asked, root))
                """)
        if asked.contains(where: { $0.status == .running }) { page.refreshSeconds = 5 }
        return page.response(status: problems.isEmpty ? 200 : 422)
    }

    // MARK: - What they share

    private static func requestID(_ request: WebRequest) throws -> PersonalDataRequestID {
        let text = try request.parameter("request")
        // What is no id names nothing that is here.
        guard let id = try? PersonalDataRequestID(parsing: text) else { throw WebProblem(.notFound) }
        return id
    }

    private static func download(_ copy: String?) throws -> WebResponse {
        guard let copy else { throw WebProblem(.notFound) }
        return .download(copy, named: "personal-data.json")
    }

    private static func list(_ requests: [PersonalDataRequest], _ root: String) -> HTML {
        guard !requests.isEmpty else { return "<div class=\"empty\"><p>Nobody has asked yet.</p></div>" }
        let rows = requests.map { request -> HTML in
            let day = request.askedAt.formatted(.iso8601.year().month().day())
            let link: HTML? =
                request.status == .ready
                ? "<a class=\"button\" href=\"\(root)/\(request.id.description)/copy\">Download</a>" : nil
            let reasons = request.holds.map { "<li>\($0.reason(in: .english))</li>" as HTML }
            let why: HTML? = reasons.isEmpty ? nil : "<ul class=\"fine\">\(reasons)</ul>"
            return """
                <li><div><span class="name">\(request.kind == .export ? "Copy" : "Erasure")</span>\
                <p class="fine">asked for on \(day) · \(words(request.askedBy)) · \
                \(request.id.description)</p>\(why)\(counts(request))</div>\
                <span class="tag">\(words(request.status))</span>\(link)</li>
                """
        }
        return "<ul class=\"lines panel\">\(rows)</ul>"
    }

    private static func counts(_ request: PersonalDataRequest) -> HTML {
        guard !request.counts.isEmpty else { return .empty }
        let text = request.counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        return "<p class=\"fine\">\(text.joined(separator: ", "))</p>"
    }

    private static func words(_ asker: PersonalDataAsker) -> String {
        switch asker {
        case .person: "by the person"
        case .merchant: "by the merchant"
        case .operator: "by an operator"
        }
    }

    private static func words(_ status: PersonalDataStatus) -> String {
        switch status {
        case .unproven: "link not followed yet"
        case .running: "under way"
        case .waiting: "waits"
        case .ready: "ready"
        case .done: "done"
        case .refused: "refused"
        case .lapsed: "over"
        }
    }
}
