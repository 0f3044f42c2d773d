// How the store is paid and how it invoices. The account at Stripe is opened by the store's run as soon as
// the business is known; here the merchant enters Stripe's own forms and reads what is still missing. Coming
// back from Stripe proves nothing: the run asks Stripe itself.

import Commerce
import CommerceStore
import WebSupport

extension Dashboard {
    func payments(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        try await show(request, account) { visit, tx in
            let missing = try await Stores().stripeRequirements(in: tx)
            let isMoving = visit.store.stripeState != .enabled && visit.state.stripeProblem == nil
            return visit.page(
                .payments, Self.paymentBox(visit, missing), refresh: isMoving ? 5 : nil)
        }
    }

    private static func paymentBox(_ visit: Visit, _ missing: [String]) -> HTML {
        let address = OnboardingStep.payments.address(in: visit.store.tenant)
        let next = OnboardingStep.invoicing.address(in: visit.store.tenant)
        let token = visit.request.formTokenField
        let onward: HTML = """
            <form method="post" action="\(link: address)">\(token)\
            <button name="act" value="connect">Go to Stripe's forms</button></form>
            """
        let later: HTML = """
            <form method="post" action="\(link: address)">\(token)\
            <button name="act" value="catalogue-mode" class="quiet">Open without checkout for now\
            </button></form>
            <p class="fine">Shoppers see your products, and that ordering opens soon.</p>
            """
        let asked: HTML? =
            missing.isEmpty
            ? nil
            : "<p>Stripe still asks for:</p><ul>\(missing.map { "<li>\($0)</li>" as HTML })</ul>"
        switch (visit.store.stripeAccount, visit.store.stripeState) {
        case (_, .enabled):
            return """
                <div class="note"><p><strong>Payments are enabled.</strong></p></div>
                <p>\
                <a class="button" href="\(link: next)">Continue</a></p>
                """
        case (nil, _):
            if let problem = visit.state.stripeProblem {
                return """
                    <div class="note bad" role="alert"><p>Stripe did not open the account: \(problem)</p>\
                    <p><a href="\(link: OnboardingStep.business.address(in: visit.store.tenant))\
                    ">Check the business identity</a></p></div>
                    """
            }
            return
                "<div class=\"note\" role=\"status\"><p>Your account at Stripe is being opened. It "
                + "needs the business identity first.</p></div>"
        case (_, .restricted):
            return
                "<div class=\"note warn\"><p><strong>Stripe has restricted the account.</strong>"
                + "</p>\(asked)</div>\(onward)\(later)"
        default:
            return
                "<div class=\"note\"><p>Stripe does not know enough about the business yet."
                + "</p>\(asked)</div>\(onward)\(later)"
        }
    }

    func savePayments(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        if request.form["act"] == "catalogue-mode" {
            return try await save(.payments, skipped: true, request, account) { tx in
                try await Onboardings().setCheckoutDisabled(true, in: tx)
            }
        }
        let store = try await inStore(request, account, may: .administer) { tx in
            try await note("stripe.connect", "store", account, request, in: tx)
            return try await Stores().load(in: tx)
        }
        let address = request.origin + OnboardingStep.payments.address(in: store.tenant)
        guard let stripe = store.stripeAccount else { return .seeOther(address) }
        let link = try await onboarding.stripeLink(stripe, address, address)
        return try await show(request, account) { visit, _ in
            visit.page(.payments, Self.onward(to: link))
        }
    }

    /// A link and no redirect: forms of ours may only lead to ourselves, and browsers hold the answer to a
    /// form to that.
    private static func onward(to link: String) -> HTML {
        """
        <div class="note"><p>Stripe asks for the rest on its own pages and sends you back here.</p></div>
        <p><a class="button" href="\(link: link)">Continue at Stripe</a></p>
        """
    }

    // MARK: - Invoices

    private static let loginFields = [
        FormField("company", "The company's code at SmartBill", hint: "CIF, such as RO12345674."),
        FormField("user", "SmartBill user", type: "email"),
        FormField(
            "token", "SmartBill token", type: "password", hint: "In SmartBill: My account, Integrations, API."
        ),
    ]

    func invoicing(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        try await show(request, account) { visit, _ in
            var visit = visit
            visit.values = ["company": visit.store.smartBillTaxID ?? ""]
            let known: HTML? = visit.store.smartBillSeries.map {
                "<div class=\"note\"><p>Invoices go into series \($0).</p></div>"
            }
            let form = visit.form(
                .invoicing, Self.loginFields, button: "Test the connection", extra: Self.skipBox)
            return visit.page(
                .invoicing, "\(known)\(form)"
            )
        }
    }

    /// Tests the login first; then, with a series chosen, keeps both.
    func saveInvoicing(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        if request.form["skip"] != nil {
            return try await save(.invoicing, skipped: true, request, account) { _ in }
        }
        if let series = request.form["series"] { return try await keepSeries(series, request, account) }
        let (company, user) = (request.form["company"] ?? "", request.form["user"] ?? "")
        let token = request.form["token"] ?? ""
        var problems: [FieldError] = []
        for (name, value) in [("company", company), ("user", user), ("token", token)] where value.isEmpty {
            problems.append(FieldError(name, "is needed"))
        }
        if user.contains(":") { problems.append(FieldError("user", "cannot contain a colon")) }
        guard problems.isEmpty else { return try await refusedInvoicing(problems, request, account) }
        _ = try await inStore(request, account, may: .administer) { $0.tenant }
        switch try await onboarding.smartBillSeries("\(user):\(token)", company) {
        case .failure(let refusal):
            return try await refusedInvoicing(
                [FieldError("token", "was refused: \(refusal.reason)")], request, account)
        case .success(let series) where series.isEmpty:
            return try await refusedInvoicing(
                [FieldError("company", "has no invoice series; make one in SmartBill")], request, account)
        case .success(let series):
            // Sealed before it is shown that it works, so that the token never goes back to the browser.
            return try await show(request, account) { visit, tx in
                try await onboarding.credentials.save("\(user):\(token)", kind: "smartbill", in: tx)
                try await note("smartbill.connect", company, account, request, in: tx)
                var visit = visit
                visit.values = ["company": company, "series": series[0]]
                return visit.page(.invoicing, Self.seriesForm(series, company, visit))
            }
        }
    }

    private static func seriesForm(_ series: [String], _ company: String, _ visit: Visit) -> HTML {
        let form = FormView(
            request: visit.request, action: OnboardingStep.invoicing.address(in: visit.store.tenant),
            fields: [
                FormField(
                    "series", "Series for this store",
                    hint: "One that nobody else uses keeps numbers in order.",
                    choices: series.map { ($0, $0) })
            ], values: visit.values, button: "Use this series", hidden: [("company", company)])
        return "<div class=\"note\" role=\"status\"><p>The connection works.</p></div>\(form.html)"
    }

    private func keepSeries(
        _ series: String, _ request: WebRequest, _ account: Account
    ) async throws -> WebResponse {
        let company = request.form["company"] ?? ""
        let login = try await inStore(request, account, may: .administer) {
            try await onboarding.credentials.load(kind: "smartbill", in: $0)
        }
        // Asked again: a series that is not there would fail with the first invoice.
        guard let login, case .success(let known) = try await onboarding.smartBillSeries(login, company),
            known.contains(series)
        else {
            return try await refusedInvoicing([FieldError("company", "has no such series")], request, account)
        }
        return try await save(.invoicing, request, account) { tx in
            try await Stores().setSmartBill(taxID: company, series: series, in: tx)
        }
    }

    private func refusedInvoicing(
        _ problems: [FieldError], _ request: WebRequest, _ account: Account
    ) async throws -> WebResponse {
        try await show(
            request, account, problems: problems, values: request.typed(Self.loginFields)
        ) { visit, _ in
            visit.page(
                .invoicing,
                visit.form(.invoicing, Self.loginFields, button: "Test the connection", extra: Self.skipBox))
        }
    }
}
