// What the hosted pages look like.

enum StripeHTML {
    static func message(_ title: String, _ text: String, status: Int) -> SandboxResponse {
        page(title, "<p>\(escape(text))</p>", status: status)
    }

    static func card(
        _ intent: JSON, _ form: PageForm, error: String? = nil, status: Int = 200,
        effect: SandboxEffect? = nil
    ) -> SandboxResponse {
        let body = """
            <p class="amount">\(escape(amount(of: intent)))</p>
            <p>\(escape(intent["description"].string ?? "Test payment"))</p>
            \(cardForm("/_sandbox/pay/\(intent["id"].string ?? "")", hidden: hidden(form), error: error))
            """
        return page("Pay by card", body, status: status, effect: effect)
    }

    static func checkout(_ session: JSON, error: String? = nil, status: Int = 200) -> SandboxResponse {
        let currency = (session["currency"].string ?? "").uppercased()
        let total = StripeAmounts.print(session["amount_total"].integer ?? 0, currency)
        let body = """
            <p class="amount">\(escape(total)) per month</p>
            \(cardForm("/_sandbox/checkout/\(session["id"].string ?? "")", hidden: "", error: error))
            """
        return page("Subscribe", body, status: status)
    }

    static func invoice(_ invoice: JSON, error: String? = nil, status: Int = 200) -> SandboxResponse {
        let currency = (invoice["currency"].string ?? "").uppercased()
        let due = StripeAmounts.print(invoice["amount_due"].integer ?? 0, currency)
        let body = """
            <p class="amount">\(escape(due))</p>
            <p>\(escape(invoice["description"].string ?? "Invoice"))</p>
            \(cardForm("/_sandbox/invoice/\(invoice["id"].string ?? "")", hidden: "", error: error))
            """
        return page("Pay an invoice", body, status: status)
    }

    private static func cardForm(_ action: String, hidden: String, error: String?) -> String {
        let notice = error.map { #"<p class="error" role="alert">\#(escape($0))</p>"# } ?? ""
        return """
            \(notice)
            <form method="post" action="\(escape(action))">
              \(hidden)
              <label for="number">Card number</label>
              <input id="number" name="number" inputmode="numeric" autocomplete="cc-number"
                placeholder="4242 4242 4242 4242" required autofocus>
              <label for="expiry">Expiry (MM/YY)</label>
              <input id="expiry" name="expiry" autocomplete="cc-exp" placeholder="12/34" required>
              <label for="cvc">CVC</label>
              <input id="cvc" name="cvc" inputmode="numeric" autocomplete="cc-csc" placeholder="123"
                required>
              <button type="submit">Pay</button>
            </form>
            <p class="hint">Test cards: 4242 4242 4242 4242 succeeds, 4000 0000 0000 9995 has no funds,
              4000 0000 0000 3220 asks for authentication.</p>
            """
    }

    static func authentication(_ intent: JSON, _ form: PageForm) -> SandboxResponse {
        let id = intent["id"].string ?? ""
        let body = """
            <p class="amount">\(escape(amount(of: intent)))</p>
            <p>Your bank asks you to confirm this payment.</p>
            <form method="post" action="/_sandbox/authenticate/\(escape(id))">
              \(hidden(form))
              <button type="submit" name="outcome" value="authenticate">Complete authentication</button>
              <button type="submit" name="outcome" value="fail" class="quiet">Fail authentication</button>
            </form>
            """
        return page("3D Secure", body)
    }

    static func onboarding(_ account: JSON) -> SandboxResponse {
        let name =
            account["business_profile"]["name"].string ?? account["email"].string ?? account["id"].string
        let due = account["requirements"]["currently_due"].array.compactMap(\.string)
        let buttons = OnboardingOutcome.allCases.map { outcome in
            let style = outcome == .complete ? "" : #" class="quiet""#
            let value = #"name="outcome" value="\#(outcome.rawValue)"\#(style)"#
            return #"<button type="submit" \#(value)>\#(outcome.label)</button>"#
        }
        let body = """
            <p>Account of <strong>\(escape(name ?? ""))</strong>
              (\(escape(account["country"].string ?? ""))).</p>
            <p>Stripe would now ask for: \(escape(due.joined(separator: ", "))).</p>
            <form method="post">\(buttons.joined(separator: "\n"))</form>
            """
        return page("Set up payments", body)
    }

    private static func amount(of intent: JSON) -> String {
        let currency = (intent["currency"].string ?? "").uppercased()
        return StripeAmounts.print(intent["amount"].integer ?? 0, currency)
    }

    private static func hidden(_ form: PageForm) -> String {
        form.carried.map { item in
            #"<input type="hidden" name="\#(escape(item.name))" value="\#(escape(item.value))">"#
        }.joined(separator: "\n")
    }

    private static func escape(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;").replacing("'", with: "&#39;")
    }

    private static func page(
        _ title: String, _ body: String, status: Int = 200, effect: SandboxEffect? = nil
    ) -> SandboxResponse {
        let html = """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(escape(title)) - Stripe sandbox</title>
            <style>
              body { font: 16px/1.5 system-ui, sans-serif; background: #f4f5f9; color: #1a1f36; margin: 0 }
              main { max-width: 26rem; margin: 8vh auto; background: #fff; padding: 2rem;
                border-radius: 12px;
                box-shadow: 0 8px 30px rgba(20, 25, 60, .1) }
              h1 { font-size: 1.25rem; margin-top: 0 }
              label { display: block; margin-top: 1rem; font-size: .875rem }
              input { width: 100%; box-sizing: border-box; padding: .6rem; font: inherit;
                border: 1px solid #c6cbd8; border-radius: 6px }
              button { width: 100%; margin-top: 1rem; padding: .7rem; font: inherit; font-weight: 600;
                border: 0;
                border-radius: 6px; background: #4f46e5; color: #fff; cursor: pointer }
              button.quiet { background: #e6e8f0; color: #1a1f36 }
              .amount { font-size: 1.75rem; font-weight: 700; margin: 0 }
              .error { background: #fdecec; color: #a4161a; padding: .6rem .8rem; border-radius: 6px }
              .hint { font-size: .8125rem; color: #5b6178 }
            </style>
            </head>
            <body><main><h1>\(escape(title))</h1>
            \(body)
            </main></body>
            </html>
            """
        return .text(html, status: status, type: "text/html; charset=utf-8", effect: effect)
    }
}
