// The codes of a store: made, watched and ended. What a code does to the margin is the guard's to say at
// every sale, so the page says beforehand how many products would be refused with it.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension Dashboard {
    var discountEndpoints: [Endpoint] {
        let one = "/stores/:store/discounts/:code"
        return [
            privatePage("/stores/:store/discounts") { request, account in
                try await discounts(request, account, [], [:]).response()
            },
            privateForm("/stores/:store/discounts", addDiscount),
            privatePage(one, discount),
            privateForm(one, endDiscount),
        ]
    }

    // MARK: - All of them

    private func discounts(
        _ request: WebRequest, _ account: Account, _ problems: [FieldError], _ typed: [String: String]
    ) async throws -> StorePage {
        let (store, lines) = try await inStore(request, account, may: .read) { tx in
            (
                try await Stores().load(in: tx),
                try await Coupons().list(after: request.query["after"], in: tx)
            )
        }
        let root = StorePlace.discounts.address(in: store.tenant)
        let form = FormView(
            request: request, action: root, fields: CouponForm.fields(store.currency), values: typed,
            problems: problems, button: "Make the code",
            extra: "<p class=\"fine\">Days begin and end at midnight UTC.</p>")
        return StorePage(
            request: request, account: account, store: store, place: .discounts,
            main: """
                \(Self.list(lines, root, at: request.receivedAt))<h2>Make a code</h2>\(form.html)
                """)
    }

    private static func list(_ lines: [CouponLine], _ root: String, at now: Date) -> HTML {
        guard !lines.isEmpty else {
            return "<div class=\"empty\"><p>There is no code. Make the first one below.</p></div>"
        }
        let rows = lines.map { line -> [HTML] in
            let coupon = line.coupon
            let address = "\(root)/\(PercentCoding.encode(coupon.code))"
            let limit = coupon.useLimit.map { " of \($0)" } ?? ""
            return [
                "<a href=\"\(link: address)\"><code>\(coupon.code)</code></a>", "\(coupon.words)",
                coupon.tag(at: now), "\(coupon.uses)\(limit)", "\(line.given.text)",
                HTML.time(line.createdAt),
            ]
        }
        let last = lines.count == Coupons.pageSize ? lines.last?.coupon.code : nil
        let more: HTML? = last.map { last -> HTML in
            let address = "\(root)?after=\(PercentCoding.encode(last))"
            return "<p><a href=\"\(link: address)\">Older codes</a></p>"
        }
        let heads = ["Code", "Takes off", "State", "Orders", "Given in all", "Made"]
        return HTML.table("Codes, newest first", heads, rows) + (more ?? .empty)
    }

    private func addDiscount(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let currency = try await inStore(request, account, may: .change) {
            try await Stores().load(in: $0).currency
        }
        let typed = request.typed(CouponForm.fields(currency))
        func refused(_ problems: [FieldError]) async throws -> WebResponse {
            try await discounts(request, account, problems, typed).response(status: 422)
        }
        let coupon: Coupon
        switch CouponForm(values: typed, currency: currency).read() {
        case .success(let read): coupon = read
        case .failure(let refusal): return try await refused(refusal.problems)
        }
        do {
            let tenant = try await inStore(request, account, may: .change) { tx in
                try await Coupons().add(coupon, in: tx)
                try await note("coupon.add", coupon.code, account, request, in: tx)
                return tx.tenant
            }
            let address = StorePlace.discounts.address(in: tenant)
            return .seeOther("\(address)/\(PercentCoding.encode(coupon.code))")
        } catch StoreError.refused(.couponTaken) {
            return try await refused([FieldError("code", "was used for another discount already")])
        }
    }

    // MARK: - One of them

    private func discount(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let code = try request.parameter("code")
        let (store, line, uses, losing) = try await inStore(request, account, may: .read) { tx in
            let store = try await Stores().load(in: tx)
            let line = try await Coupons().line(code, in: tx)
            let pricing = try await Stores().pricing(of: store, at: nil, in: tx)
            return (
                store, line, try await Coupons().uses(of: code, in: tx),
                try await ProductList().losing(at: line.coupon.discount, pricing: pricing, in: tx)
            )
        }
        let coupon = line.coupon
        let end: HTML? =
            coupon.isActive
            ? "<div class=\"acts\">" + request.button("End this code", at: request.path, act: "end")
                + "</div>"
            : nil
        let rows = uses.map { use -> [HTML] in
            [
                "\(use.number.description)", HTML.time(use.placedAt), "\(use.discount.text)",
                "\(use.total.text)",
            ]
        }
        let table: HTML =
            rows.isEmpty
            ? "<div class=\"empty\"><p>No order has used it.</p></div>"
            : HTML.table("Orders that used it, newest first", ["Order", "Placed", "Taken off", "Paid"], rows)
        return StorePage(
            request: request, account: account, store: store, place: .discounts,
            title: "Code \(coupon.code)",
            main: """
                <p><a href="\(link: StorePlace.discounts.address(in: store.tenant))">All codes</a></p>
                <div class="panel"><p>\(coupon.tag(at: request.receivedAt)) \(coupon.words)</p>
                <p>\(coupon.uses) orders used it; it took off \(line.given.text) in all.</p>\
                \(Self.period(coupon))\(end)</div>
                \(Self.warning(losing))\(table)
                """
        ).response()
    }

    private static func period(_ coupon: Coupon) -> HTML {
        let from: HTML? = coupon.validFrom.map { " from \(HTML.time($0))" }
        let until: HTML? = coupon.validUntil.map { " until \(HTML.time($0))" }
        guard from != nil || until != nil else { return .empty }
        return "<p class=\"fine\">Valid\(from)\(until)</p>"
    }

    private static func warning(_ found: (losing: Int, of: Int)) -> HTML {
        guard found.losing > 0 else { return .empty }
        return """
            <div class="note warn"><p>Sold alone with this code, \(found.losing) of \(found.of) published \
            products would lose money. Such an order is refused: the shopper reads that the item is \
            temporarily unavailable.</p></div>
            """
    }

    private func endDiscount(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        guard request.form["act"] == "end" else {
            throw WebProblem(.invalidFields, "there is no such action")
        }
        let code = try request.parameter("code")
        try await inStore(request, account, may: .change) { tx in
            try await Coupons().end(code, in: tx)
            try await note("coupon.end", code, account, request, in: tx)
        }
        return .seeOther(request.path)
    }
}
