// What is sold and how it looks. The merchant sees what is kept of every price before taking anything.

import Commerce
import CommerceStore
import WebSupport

extension Dashboard {
    func catalogue(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        try await showCatalogue(request, account, [])
    }

    private func showCatalogue(
        _ request: WebRequest, _ account: Account, _ problems: [FieldError]
    ) async throws -> WebResponse {
        try await show(request, account, problems: problems, values: [:]) { visit, tx in
            let offers = try await CatalogueShelf().offers(search: request.query["q"], in: tx)
            let taken = try await Products().published(in: tx).count
            return visit.page(.catalogue, Self.offerList(offers, taken: taken, visit))
        }
    }

    private static func offerList(_ offers: [CatalogueOffer], taken: Int, _ visit: Visit) -> HTML {
        let list = OfferList(
            request: visit.request, store: visit.store, offers: offers, problems: visit.problems)
        let empty: HTML = "<div class=\"empty\"><p>The catalogue is empty at the moment.</p></div>"
        return """
            <p>\(taken) product\(taken == 1 ? "" : "s") in your store.</p>
            <form method="get" class="buy" role="search"><div><label for="q">Search</label>\
            <input id="q" name="q" minlength="\(CatalogueShelf.shortestSearch)"\
             value="\(visit.request.query["q"] ?? "")"></div>\
            <button class="quiet">Search</button></form>
            <form method="post" action="\(link: OnboardingStep.catalogue.address(in: visit.store.tenant))\
            " class="panel">
            \(visit.request.formTokenField)\(offers.isEmpty ? empty : list.html)
            <p><button>Save and continue</button></p></form>
            """
    }

    func saveCatalogue(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let currency = try await inStore(request, account, may: .change) {
            try await Stores().load(in: $0).currency
        }
        let (wishes, problems) = OfferList.wishes(in: request, currency)
        guard problems.isEmpty else { return try await showCatalogue(request, account, problems) }
        do {
            return try await save(.catalogue, request, account) { tx in
                try await CatalogueShelf().take(wishes, in: tx)
            }
        } catch StoreError.saleRefused(let refusal, _) {
            return try await showCatalogue(
                request, account, [FieldError("price", refusal.merchantReason)])
        }
    }

    // MARK: - Look

    private static let themes = [
        FormField(
            "preset", "Theme",
            choices: [
                ("garden", "Garden: green and paper"), ("harbour", "Harbour: blue and sand"),
                ("plain", "Plain: black and white"),
            ])
    ]

    private static var looks: [String] { themes[0].choices.map(\.value) }

    func theme(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        try await show(request, account) { visit, tx in
            var visit = visit
            let kept = try await Stores().theme(in: tx) ?? Self.looks[0]
            // Tried on and not kept: the form's choice follows, and its button keeps it.
            let look = request.query["look"].flatMap { Self.looks.contains($0) ? $0 : nil } ?? kept
            visit.values = ["preset": look]
            let frame = ShopFrame(
                request: request, store: visit.store, host: onboarding.host(of: visit.store.slug), look: look)
            return visit.page(
                .theme,
                """
                \(visit.form(.theme, Self.themes, extra: Self.skipBox))\
                \(frame.html(choices: Self.themes[0].choices))
                """)
        }
    }

    func saveTheme(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let isSkipped = request.form["skip"] != nil
        let known = Self.looks
        let preset = request.form["preset"].flatMap { known.contains($0) ? $0 : nil } ?? known[0]
        return try await save(.theme, skipped: isSkipped, request, account) { tx in
            if !isSkipped { try await Stores().setTheme(preset, in: tx) }
        }
    }

    static let skipBox: HTML =
        "<p><button name=\"skip\" value=\"1\" class=\"quiet\">Leave it for later</button></p>"
}
