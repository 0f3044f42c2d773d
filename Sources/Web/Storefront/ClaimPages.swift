// The page on which a shopper reports a problem, and its box on the order's page.

import Commerce
import CommerceStore
import Foundation
import WebSupport

/// On the order's page: the way to report a problem, and what became of those that were reported.
struct ProblemsBox {
    private let request: WebRequest
    private let problems: OrderProblems
    private let token: String
    private let words: ClaimPageWords

    init(_ request: WebRequest, _ order: OrderView, _ token: String) {
        self.request = request
        problems = order.problems
        self.token = token
        words = ClaimPageWords(request.language)
    }

    var html: HTML {
        let isOpen = problems.offer.isOpen(at: request.receivedAt)
        guard isOpen || !problems.reported.isEmpty else { return .empty }
        let report: HTML? =
            isOpen
            ? "<p><a href=\"\(link: request.address("/o/\(token)/problem"))\">\(words.report)</a></p>" : nil
        return """
            <section class="panel stack" aria-label="\(words.title)"><h2>\(words.title)</h2>
            \(problems.reported.map(box))\(report)</section>
            """
    }

    private func box(_ one: OrderProblems.Reported) -> HTML {
        let parcel: HTML? = one.tracking.map { "<p>\(words.parcel): \($0)</p>" }
        let reason: HTML? = one.settlement == .refused ? "<p>\(one.reason)</p>" : nil
        return """
            <div class="note" role="status"><p><strong>\
            \(words.reported(ReturnWords.moment(one.reportedAt)))</strong></p>\
            <p>\(one.contents): \(words.problem(one.problem))</p><p>\(words.state(one))</p>\
            \(reason)\(parcel)</div>
            """
    }
}

/// The form of a report.
struct ClaimPage {
    private let request: WebRequest
    private let order: Order
    private let offer: ClaimOffer
    private let words: ClaimPageWords

    init(_ request: WebRequest, _ order: Order, _ offer: ClaimOffer) {
        self.request = request
        self.order = order
        self.offer = offer
        words = ClaimPageWords(request.language)
    }

    func form(_ typed: ClaimForm, _ problems: [ClaimForm.Field]) -> ShopPage {
        guard offer.isOpen(at: request.receivedAt) else { return over }
        let path = "/o/\(order.token.rawValue)/problem"
        let lines = offer.lines.map { ($0.id.description, "\($0.title) (\($0.units.count))") }
        let kinds = ClaimProblem.reported.map { ($0.rawValue, words.problem($0)) }
        let wishes = ClaimWish.allCases.map { ($0.rawValue, words.wish($0)) }
        let flaws = FormFlaws(request, problems.map { ($0.rawValue, words.wrong($0)) })
        return page(
            """
            \(flaws.summary)
            <form method="post" action="\(link: request.address(path))" class="panel stack" novalidate>\
            \(request.formTokenField)
            <input type="hidden" name="claim" value="\(typed.id.description)">
            <p>\(words.lead(order.number))</p>
            <div class="fields">\(select(.line, words.which, lines, typed.line?.description, flaws))\
            \(number(typed, flaws))\
            \(select(.problem, words.what, kinds, typed.problem?.rawValue, flaws))\
            \(select(.wish, words.wanted, wishes, typed.wish?.rawValue, flaws))</div>
            \(text(typed, flaws))
            <p><button>\(words.send)</button></p></form>
            """)
    }

    var over: ShopPage { page("<p role=\"status\">\(words.over)</p>") }

    private func page(_ main: HTML) -> ShopPage {
        ShopPage(request, about: order, title: words.report, main: main)
    }

    private func select(
        _ field: ClaimForm.Field, _ label: String, _ choices: [(String, String)], _ chosen: String?,
        _ flaws: FormFlaws
    ) -> HTML {
        let name = field.rawValue
        // Who has only one line need not choose it.
        let chosen = chosen ?? (field == .line && choices.count == 1 ? choices.first?.0 : nil)
        let options = choices.map { value, text -> HTML in
            let mark: HTML = value == chosen ? " selected" : .empty
            return "<option value=\"\(value)\"\(mark)>\(text)</option>"
        }
        return """
            <div class="half"><label for="\(name)">\(label)</label>\
            <select id="\(name)" name="\(name)"\(flaws.mark(name))>\
            <option value="">\(words.choose)</option>\(options)</select>\(flaws.error(name))</div>
            """
    }

    private func number(_ typed: ClaimForm, _ flaws: FormFlaws) -> HTML {
        """
        <div class="half"><label for="count">\(words.count)</label>\
        <input id="count" name="count" inputmode="numeric" value="\(typed.typedCount)" maxlength="4" \
        required\(flaws.mark("count"))>\(flaws.error("count"))</div>
        """
    }

    private func text(_ typed: ClaimForm, _ flaws: FormFlaws) -> HTML {
        """
        <div><label for="description">\(words.describe)</label>\
        <textarea id="description" name="description" rows="5" \
        maxlength="\(ClaimForm.longestDescription)" required\(flaws.mark("description"))>\
        \(typed.description)</textarea>\(flaws.error("description"))</div>
        """
    }
}
