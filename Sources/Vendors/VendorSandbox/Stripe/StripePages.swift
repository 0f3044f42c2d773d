import Foundation

// The pages that Stripe hosts: the card form, the bank's authentication, onboarding. They are plain forms,
// so that a person, a headless browser and a script can all use them. Beside them are levers for what
// Stripe's dashboard or time itself would do to an account or a dispute.

extension StripeSandbox {
    /// Answers a hosted page or a lever.
    func page(_ request: SandboxRequest) async -> SandboxResponse {
        let answer = route(request)
        await publish(
            cause: RequestLine(method: request.method, path: request.path), requestID: nil,
            idempotencyKey: nil)
        return answer
    }

    private func route(_ request: SandboxRequest) -> SandboxResponse {
        func segments(_ template: String) -> [String: String]? {
            PathTemplate("/_sandbox/" + template).match(request.path)
        }
        let isPost = request.method == "POST"
        if let id = segments("pay/{id}")?["id"] { return isPost ? pay(id, request) : payPage(id, request) }
        if let id = segments("authenticate/{id}")?["id"] {
            return isPost ? authenticate(id, request) : authenticationPage(id, request)
        }
        if let id = segments("checkout/{id}")?["id"] {
            return isPost ? payCheckout(id, request) : checkoutPage(id)
        }
        if let id = segments("invoice/{id}")?["id"] {
            return isPost ? payInvoice(id, request) : invoicePage(id)
        }
        if let token = segments("onboarding/{account}/{token}")?["token"] {
            return isPost ? finishOnboarding(token, request) : onboardingPage(token)
        }
        if isPost, let id = segments("accounts/{id}")?["id"] { return pullLever(account: id, request) }
        if isPost, let id = segments("webhook_endpoints/{id}/roll")?["id"] {
            return rollSecret(id, request)
        }
        if isPost, let id = segments("charges/{id}/dispute")?["id"] { return dispute(id, request) }
        if isPost, let id = segments("disputes/{id}")?["id"] { return decide(id, request) }
        if isPost, let id = segments("accounts/{id}/payouts")?["id"] { return payOut(id, request) }
        return StripeHTML.message("Not found", "The sandbox has no page at \(request.path).", status: 404)
    }

    // MARK: Paying

    private func payPage(_ id: String, _ request: SandboxRequest) -> SandboxResponse {
        let form = PageForm(request)
        let intent = world[.paymentIntent, id]
        if let refusal = refusal(intent, form) { return refusal }
        switch intent["status"].string {
        case "succeeded", "requires_capture": return finished(intent, form)
        case "canceled":
            return StripeHTML.message(
                "Payment canceled", "This payment can no longer be made.", status: 410)
        default: return StripeHTML.card(intent, form)
        }
    }

    private func pay(_ id: String, _ request: SandboxRequest) -> SandboxResponse {
        let form = PageForm(request)
        let intent = world[.paymentIntent, id]
        if let refusal = refusal(intent, form) { return refusal }
        if intent["status"].string == "succeeded" { return finished(intent, form) }
        do throws(StripeProblem) {
            try world.checkConfirmable(intent)
            let card = try form.card(now: world.now)
            let method = world.makePaymentMethod(card, owner: world.owner(.paymentIntent, id))
            world[.paymentIntent, id]["payment_method"] = .string(method)
            var options = ConfirmOptions(origin: request.origin)
            options.returnURL = form["return_url"]
            try world.confirm(id, options)
        } catch {
            return StripeHTML.card(
                world[.paymentIntent, id], form, error: error.message, status: error.status,
                effect: error.effect)
        }
        let confirmed = world[.paymentIntent, id]
        let effect = SandboxEffect("payment_intent.confirm", on: id)
        guard confirmed["status"].string == "requires_action" else {
            return finished(confirmed, form, effect)
        }
        let query = FormItem.encode(form.carried + [FormItem("from", "pay")])
        return .redirect(to: "/_sandbox/authenticate/\(id)?\(query)", effect: effect)
    }

    private func authenticationPage(_ id: String, _ request: SandboxRequest) -> SandboxResponse {
        let form = PageForm(request)
        let intent = world[.paymentIntent, id]
        if let refusal = refusal(intent, form) { return refusal }
        guard intent["status"].string == "requires_action" else { return finished(intent, form) }
        return StripeHTML.authentication(intent, form)
    }

    private func authenticate(_ id: String, _ request: SandboxRequest) -> SandboxResponse {
        let form = PageForm(request)
        let intent = world[.paymentIntent, id]
        if let refusal = refusal(intent, form) { return refusal }
        do throws(StripeProblem) {
            try world.authenticate(id, passed: form["outcome"] != "fail")
        } catch {
            let failed = world[.paymentIntent, id]
            guard form["from"] == "pay" else { return finished(failed, form, error.effect) }
            return StripeHTML.card(failed, form, error: error.message, status: 402, effect: error.effect)
        }
        return finished(
            world[.paymentIntent, id], form, SandboxEffect("payment_intent.authenticate", on: id))
    }

    private func refusal(_ intent: JSON, _ form: PageForm) -> SandboxResponse? {
        guard !intent.isNull else {
            return StripeHTML.message(
                "Payment not found", "The sandbox knows no such payment.", status: 404)
        }
        if let secret = form["client_secret"], secret != intent["client_secret"].string {
            return StripeHTML.message(
                "Payment not found", "The link to this payment is not valid.", status: 403)
        }
        return nil
    }

    /// Sends the buyer back to the shop, which must not believe the query.
    private func finished(_ intent: JSON, _ form: PageForm, _ effect: SandboxEffect? = nil)
        -> SandboxResponse
    {
        let status = intent["status"].string ?? ""
        let isPaid = status == "succeeded" || status == "requires_capture" || status == "processing"
        guard let back = form["return_url"], !back.isEmpty else {
            var page = StripeHTML.message(
                isPaid ? "Payment complete" : "Payment not completed", "The payment is \(status).",
                status: 200)
            page.effect = effect
            return page
        }
        let query = FormItem.encode([
            FormItem("payment_intent", intent["id"].string ?? ""),
            FormItem("payment_intent_client_secret", intent["client_secret"].string ?? ""),
            FormItem("redirect_status", isPaid ? "succeeded" : "failed"),
        ])
        return .redirect(to: back + (back.contains("?") ? "&" : "?") + query, effect: effect)
    }

    private func checkoutPage(_ id: String) -> SandboxResponse {
        let session = world[.checkoutSession, id]
        guard session["status"] == "open", session["expires_at"].integer ?? 0 > world.now else {
            return StripeHTML.message("Checkout closed", "This checkout is no longer open.", status: 410)
        }
        return StripeHTML.checkout(session)
    }

    private func payCheckout(_ id: String, _ request: SandboxRequest) -> SandboxResponse {
        let session = world[.checkoutSession, id]
        guard session["status"] == "open" else { return checkoutPage(id) }
        do throws(StripeProblem) {
            try world.completeCheckout(id, with: try PageForm(request).card(now: world.now))
        } catch {
            return StripeHTML.checkout(session, error: error.message, status: 402)
        }
        let back = (session["success_url"].string ?? "").replacing("{CHECKOUT_SESSION_ID}", with: id)
        return .redirect(to: back, effect: SandboxEffect("checkout_session.complete", on: id))
    }

    private func invoicePage(_ id: String) -> SandboxResponse {
        let invoice = world[.invoice, id]
        switch invoice["status"].string {
        case "open": return StripeHTML.invoice(invoice)
        case "paid": return StripeHTML.message("Invoice paid", "This invoice is paid.", status: 200)
        default: return StripeHTML.message("Invoice not found", "There is nothing to pay.", status: 404)
        }
    }

    private func payInvoice(_ id: String, _ request: SandboxRequest) -> SandboxResponse {
        let invoice = world[.invoice, id]
        guard invoice["status"] == "open" else { return invoicePage(id) }
        do throws(StripeProblem) {
            try world.payInvoice(id, with: try PageForm(request).card(now: world.now))
        } catch {
            return StripeHTML.invoice(invoice, error: error.message, status: 402)
        }
        var page = invoicePage(id)
        page.effect = SandboxEffect("stripe_invoice.pay", on: id)
        return page
    }

    // MARK: Onboarding

    private func onboardingPage(_ token: String) -> SandboxResponse {
        guard let session = world.visit(token) else {
            guard let spent = world.onboarding[token] else {
                return StripeHTML.message("Link not found", "Ask for a new onboarding link.", status: 404)
            }
            return .redirect(to: spent.refreshURL)
        }
        return StripeHTML.onboarding(world[.account, session.account])
    }

    private func finishOnboarding(_ token: String, _ request: SandboxRequest) -> SandboxResponse {
        let outcome = PageForm(request)["outcome"] ?? OnboardingOutcome.complete.rawValue
        guard let outcome = OnboardingOutcome(rawValue: outcome) else {
            return StripeHTML.message("Unknown outcome", "Choose one of the buttons.", status: 400)
        }
        guard let session = world.finish(token, outcome) else {
            guard let spent = world.onboarding[token] else {
                return StripeHTML.message("Link not found", "Ask for a new onboarding link.", status: 404)
            }
            return .redirect(to: spent.refreshURL)
        }
        let effect = SandboxEffect("account.onboard", on: session.account)
        return .redirect(to: session.returnURL, effect: outcome == .later ? nil : effect)
    }

    // MARK: Levers

    /// `POST /_sandbox/accounts/{id}` with `outcome`: complete, pending, restricted, rejected, deauthorized.
    private func pullLever(account id: String, _ request: SandboxRequest) -> SandboxResponse {
        guard !world[.account, id].isNull else { return .json(["error": "no such account"], status: 404) }
        switch PageForm(request)["outcome"] {
        case "complete", "active": world.activate(id)
        case "pending": world.submit(id)
        case "restricted": world.restrict(id)
        case "rejected": world.disable(id, reason: "rejected.other", due: [])
        case "deauthorized": world.deauthorize(id)
        default:
            let message = "outcome must be complete, pending, restricted, rejected or deauthorized"
            return .json(["error": .string(message)], status: 400)
        }
        return .json(world[.account, id], effect: SandboxEffect("account.lever", on: id))
    }

    /// `POST /_sandbox/webhook_endpoints/{id}/roll`: a new secret; the old one signs for a day.
    private func rollSecret(_ id: String, _ request: SandboxRequest) -> SandboxResponse {
        guard let secrets = world.secrets[id] else {
            return .json(["error": "no such endpoint"], status: 404)
        }
        let secret = "whsec_" + world.newID("x", length: 32).dropFirst(2)
        let overlap = PageForm(request)["expire_in_seconds"].flatMap { TimeInterval($0) } ?? 86_400
        secrets.roll(to: secret, oldExpire: Date().addingTimeInterval(overlap))
        let answer: JSON = ["id": .string(id), "secret": .string(secret)]
        return .json(answer, effect: SandboxEffect("webhook_endpoint.roll", on: id))
    }

    /// `POST /_sandbox/disputes/{id}` with `outcome`: won or lost, as the bank decides.
    private func decide(_ id: String, _ request: SandboxRequest) -> SandboxResponse {
        guard ["needs_response", "under_review"].contains(world[.dispute, id]["status"].string) else {
            return .json(["error": "no open dispute of that id"], status: 404)
        }
        switch PageForm(request)["outcome"] {
        case "won": world.closeDispute(id, isWon: true)
        case "lost": world.closeDispute(id, isWon: false)
        default: return .json(["error": "outcome must be won or lost"], status: 400)
        }
        return .json(world[.dispute, id], effect: SandboxEffect("dispute.decide", on: id))
    }

    /// `POST /_sandbox/accounts/{id}/payouts`: pays out what is available; `outcome=failed` for a bank that
    /// will not take it.
    private func payOut(_ id: String, _ request: SandboxRequest) -> SandboxResponse {
        guard !world[.account, id].isNull else { return .json(["error": "no such account"], status: 404) }
        let payouts = world.startPayouts(of: id, fails: PageForm(request)["outcome"] == "failed")
        return .json(["payouts": .array(payouts)], effect: SandboxEffect("payout.create", on: id))
    }

    /// `POST /_sandbox/charges/{id}/dispute` with an optional `reason`.
    private func dispute(_ id: String, _ request: SandboxRequest) -> SandboxResponse {
        let charge = world[.charge, id]
        guard charge["status"].string == "succeeded", charge["captured"].bool == true else {
            return .json(["error": "no captured charge of that id"], status: 404)
        }
        guard charge["disputed"].bool == false else {
            return .json(["error": "disputed already"], status: 409)
        }
        world.openDispute(id, reason: PageForm(request)["reason"] ?? "fraudulent")
        return .json(world[.charge, id], effect: SandboxEffect("dispute.open", on: id))
    }
}

/// The fields of a page: the form's, else the query's, else those of a JSON body.
struct PageForm {
    private var fields: [String: String] = [:]

    init(_ request: SandboxRequest) {
        for item in request.queryItems { fields[item.name] = item.value }
        if request.header("content-type")?.hasPrefix("application/json") == true {
            // A body that is not JSON simply has no fields; the page will say what is missing.
            let members = (try? request.json())?.object ?? [:]
            for (name, value) in members { fields[name] = value.string ?? value.text }
        } else {
            for item in FormItem.decode(request.text) { fields[item.name] = item.value }
        }
    }

    subscript(_ name: String) -> String? { fields[name] }

    /// What goes along from page to page.
    var carried: [FormItem] {
        ["client_secret", "return_url", "from"].compactMap { name in fields[name].map { FormItem(name, $0) }
        }
    }

    /// The card that was typed, checked.
    func card(now: Int64) throws(StripeProblem) -> TestCard {
        try TestCard.typed(
            number: fields["number"] ?? fields["card_number"] ?? "", month: expiry.month, year: expiry.year,
            cvc: fields["cvc"], now: now)
    }

    /// `12/34`, `12 / 2034`, or month and year apart.
    var expiry: (month: Int64?, year: Int64?) {
        let typed = fields["expiry"] ?? fields["exp"]
        guard let typed else {
            return (fields["exp_month"].flatMap { Int64($0) }, fields["exp_year"].flatMap { Int64($0) })
        }
        let parts = typed.split(separator: "/").map { Int64($0.filter { !$0.isWhitespace }) }
        return (parts.first ?? nil, parts.count > 1 ? parts[1] : nil)
    }
}
