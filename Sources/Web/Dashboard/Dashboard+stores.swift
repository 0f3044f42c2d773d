// The stores of a person, and opening another one, which begins its run.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension Dashboard {
    var storeEndpoints: [Endpoint] {
        [
            privatePage("/stores", stores),
            privatePage("/stores/new") { request, account in
                newStorePage(request, account, [], ["country": "RO", "currency": "RON", "language": "ro"])
                    .response()
            },
            privateForm("/stores/new", openStore),
            privatePage("/slugs") { request, account in try await slugAnswer(request, account) },
        ]
    }

    private func stores(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let memberships = try await Memberships(database).all(of: account.id)
        var rows: [HTML] = []
        for membership in memberships {
            let store = try await database.transaction(for: membership.tenant) {
                try await Stores().load(in: $0)
            }
            rows.append(
                """
                <li><div><span class="name"><a href="\(link: StorePlace.home.address(in: store.tenant))">\
                \(store.name)</a></span><p class="fine">\(onboarding.host(of: store.slug)) · \
                \(membership.role.rawValue)</p><nav class="fine" aria-label="\(store.name)">\
                \(Self.places(of: store))</nav></div>\
                <span class="tag">\(store.status.rawValue)</span></li>
                """)
        }
        let list: HTML = "<ul class=\"lines panel\">\(rows)</ul>"
        let none: HTML = "<div class=\"empty\"><p>You have no store yet.</p></div>"
        return DashboardPage(
            request, title: "Stores", account: account,
            main: """
                <h1>Stores</h1>\(rows.isEmpty ? none : list)
                <p><a class="button" href="/stores/new">Open a store</a></p>
                """
        ).response()
    }

    private static func places(of store: Store) -> [HTML] {
        StorePlace.allCases.map { "<a href=\"\(link: $0.address(in: store.tenant))\">\($0.title)</a> " }
    }

    private static let storeFields = [
        FormField("name", "Name of the store"),
        FormField("slug", "Address", hint: "Small letters, digits and hyphens, such as casa-verde."),
        FormField(
            "country", "Country of the business", width: "third",
            choices: CountryCode.europeanUnion.map(\.rawValue).sorted().map { ($0, $0) }),
        FormField(
            "currency", "Currency", width: "third",
            choices: [Currency.eur, .ron].map { ($0.rawValue, $0.rawValue) }),
        FormField(
            "language", "Main language", width: "third",
            choices: Language.allCases.map { ($0.rawValue, $0.nativeName) }),
    ]

    private func newStorePage(
        _ request: WebRequest, _ account: Account, _ problems: [FieldError], _ values: [String: String]
    ) -> DashboardPage {
        let form = FormView(
            request: request, action: "/stores/new", fields: Self.storeFields, values: values,
            problems: problems, button: "Open the store")
        return DashboardPage(
            request, title: "Open a store", account: account,
            main:
                "<h1>Open a store</h1><p class=\"lead\">Nothing is public until you publish it."
                + "</p>\(form.html)"
        )
    }

    private func openStore(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        var problems: [FieldError] = []
        let name = request.form["name"] ?? ""
        if !(2...80).contains(name.count) { problems.append(FieldError("name", "needs 2 to 80 characters")) }
        let slug = Self.slug(request.form["slug"] ?? "", &problems)
        let country = request.form["country"].flatMap { CountryCode(rawValue: $0) }
        if country?.isInEuropeanUnion != true {
            problems.append(FieldError("country", "must be in the European Union"))
        }
        let currency = request.form["currency"].flatMap { Currency(rawValue: $0) } ?? .eur
        let language = request.form["language"].flatMap { Language(rawValue: $0) } ?? .english
        if let slug, problems.isEmpty, try await !Stores().isFree(slug, in: database) {
            problems.append(FieldError("slug", "is taken by another store"))
        }
        guard problems.isEmpty, let slug, let country else {
            return refusedStore(request, account, problems)
        }
        let store = StoreDraft(
            owner: account.id, slug: slug, name: name, country: country, currency: currency,
            languages: [language] + Language.allCases.filter { $0 != language }, contactEmail: account.email)
        let tenant = TenantID()
        do {
            try await database.transaction(for: tenant) { tx in
                try await Stores().open(store, at: onboarding.host(of: slug), now: request.receivedAt, in: tx)
                try await Onboardings().note(.store, by: account.id, in: tx)
                let run = try await onboarding.begin(account.id, nil, tx)
                try await Onboardings().recordRun(run, in: tx)
            }
        } catch StoreError.refused(.slugTaken), StoreError.refused(.hostTaken) {
            return refusedStore(request, account, [FieldError("slug", "is taken by another store")])
        } catch CommerceError.planLimit(let limit) {
            return refusedStore(request, account, [FieldError("plan", "\(limit)")])
        }
        return .seeOther("/stores/\(tenant)/onboarding/business")
    }

    private func refusedStore(
        _ request: WebRequest, _ account: Account, _ problems: [FieldError]
    ) -> WebResponse {
        newStorePage(request, account, problems, request.typed(Self.storeFields)).response(status: 422)
    }

    private static func slug(_ text: String, _ problems: inout [FieldError]) -> Slug? {
        do {
            return try Slug(parsing: text)
        } catch .malformed(_, _, let reason) {
            problems.append(FieldError("slug", "cannot be used: \(reason)"))
        } catch {
            problems.append(FieldError("slug", error.description))
        }
        return nil
    }

    /// Whether an address is free, for the page to show while it is typed. Limited: it is an oracle.
    private func slugAnswer(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let wait = try await Throttle(database).take(
            .nameCheck, account.id.description, at: request.receivedAt)
        if let wait { throw WebProblem(.tooManyRequests, headers: ["Retry-After": "\(wait)"]) }
        var problems: [FieldError] = []
        let slug = Self.slug(request.query["slug"] ?? "", &problems)
        struct Answer: Encodable {
            let isFree: Bool
            let reason: String?
        }
        guard let slug else { return try .json(Answer(isFree: false, reason: problems.first?.message)) }
        let isFree = try await Stores().isFree(slug, in: database)
        return try .json(Answer(isFree: isFree, reason: isFree ? nil : "is taken by another store"))
    }
}
