// What was set up in the wizard, once the store is open: the same steps, and beside them the name and the
// languages, which the wizard asks for only once. The first language is that of addresses without a prefix.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension Dashboard {
    var settingsEndpoints: [Endpoint] {
        [
            privatePage("/stores/:store/settings") { request, account in
                try await settingsPage(request, account, []).response()
            },
            privateForm("/stores/:store/settings", saveSettings),
        ]
    }

    private static let languagePrefix = "language:"
    private static let settingsFields = [
        FormField("name", "Name of the store"),
        FormField(
            "main", "Main language", hint: "Of addresses without a language, and of our letters about it.",
            width: "half", choices: Language.allCases.map { ($0.rawValue, $0.nativeName) }),
    ]

    private static func steps(_ store: Store) -> HTML {
        let steps: [(OnboardingStep, String)] = [
            (.business, "Who you are, for the law: name, address, VAT number."),
            (.theme, "How the shop looks."),
            (.policies, "What delivery costs, how long it takes, and returns."),
            (.payments, "Your account at Stripe."),
            (.invoicing, "Your account at SmartBill."),
        ]
        let lines = steps.map { step, words -> HTML in
            """
            <li><div><span class="name"><a href="\(link: step.address(in: store.tenant))">\(step.title)</a>\
            </span><p class="fine">\(words)</p></div></li>
            """
        }
        return "<ul class=\"lines panel\">\(lines)</ul>"
    }

    private func settingsPage(
        _ request: WebRequest, _ account: Account, _ problems: [FieldError]
    ) async throws -> StorePage {
        let (store, pages) = try await inStore(request, account, may: .change) { tx in
            (try await Stores().load(in: tx), try await LegalPages().all(in: tx))
        }
        let isAgain = !problems.isEmpty
        let chosen = isAgain ? Self.languages(request) : Set(store.languages)
        let values =
            isAgain
            ? request.typed(Self.settingsFields)
            : ["name": store.name, "main": (store.languages.first ?? .english).rawValue]
        let form = FormView(
            request: request, action: StorePlace.settings.address(in: store.tenant),
            fields: Self.settingsFields, values: values, problems: problems, button: "Save",
            extra: Self.boxes(chosen, problems))
        let edited = pages.filter(\.isEdited).count
        return StorePage(
            request: request, account: account, store: store, place: .settings,
            main: """
                <h2>Set up</h2>\(Self.steps(store))
                <p class="fine">The legal pages follow from these: \(pages.count) pages, \(edited) of them \
                in your own words.</p>
                <h2>Name and languages</h2>\(form.html)
                """)
    }

    private static func boxes(_ chosen: Set<Language>, _ problems: [FieldError]) -> HTML {
        let problem = problems.first { $0.field == "languages" }
        let error: HTML? = problem.map { "<p class=\"error\" id=\"languages-error\">\($0.message)</p>" }
        let described: HTML = problem == nil ? .empty : " aria-describedby=\"languages-error\""
        let boxes = Language.allCases.map { language -> HTML in
            let name = languagePrefix + language.rawValue
            let mark: HTML = chosen.contains(language) ? " checked" : ""
            return """
                <div><label><input type="checkbox" name="\(name)" value="1"\(mark)> \
                \(language.nativeName)</label></div>
                """
        }
        return """
            <fieldset id="languages"\(described)><legend>Languages of the shop</legend>\(error)\(boxes)\
            </fieldset>
            """
    }

    private static func languages(_ request: WebRequest) -> Set<Language> {
        Set(
            request.form.names(with: languagePrefix).compactMap {
                Language(rawValue: String($0.dropFirst(languagePrefix.count)))
            })
    }

    private func saveSettings(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        var problems: [FieldError] = []
        let name = request.form["name"] ?? ""
        if !(2...80).contains(name.count) { problems.append(FieldError("name", "needs 2 to 80 characters")) }
        let chosen = Self.languages(request)
        let main = request.form["main"].flatMap { Language(rawValue: $0) }
        if main.map({ !chosen.contains($0) }) ?? true {
            problems.append(FieldError("main", "must be one of the languages of the shop"))
        }
        if chosen.isEmpty { problems.append(FieldError("languages", "Choose one language or more.")) }
        guard problems.isEmpty, let main else {
            return try await settingsPage(request, account, problems).response(status: 422)
        }
        let languages = [main] + Language.allCases.filter { $0 != main && chosen.contains($0) }
        let tenant = try await inStore(request, account, may: .change) { tx in
            let store = try await Stores().load(in: tx)
            try await Stores().rename(
                name, slug: store.slug, languages: languages, host: onboarding.host(of: store.slug),
                now: request.receivedAt, in: tx)
            // The pages of the law name the store.
            try await LegalPages().fill(in: tx)
            try await note("settings.save", "store", account, request, in: tx)
            return tx.tenant
        }
        return .seeOther(StorePlace.settings.address(in: tenant))
    }
}
