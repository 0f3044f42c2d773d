// The status page. Everything that can change stands in one fragment, which the script fetches again when
// the server says that something changed; without script the page reloads itself.

import Commerce
import WebSupport

enum OrderPage {
    /// How often browsers without script reload while something can still change.
    private static let reloadSeconds = 10

    static func page(_ request: WebRequest, _ order: OrderView, token: String, hosted: HostedPayment)
        -> ShopPage
    {
        let story = OrderStory(order)
        var page = ShopPage(
            request, title: title(order, request.words),
            main: """
                <div id="order" data-version="\(order.fingerprint)" \
                data-live="\(live(story, request, token))">
                \(fragment(request, order, story, token: token, hosted: hosted))
                </div>
                """
        ).hidden
        if !story.isFinal {
            page.refreshSeconds = reloadSeconds
            page.script = LiveScript.asset
        }
        return page
    }

    /// The part that changes.
    static func fragment(
        _ request: WebRequest, _ order: OrderView, _ story: OrderStory, token: String, hosted: HostedPayment
    ) -> HTML {
        let words = request.words
        return """
            <h1>\(title(order, words))</h1>
            <p class="lead">\(words(.orderFor, ["name": order.firstName])) \(words(.keepLink))</p>
            <div class="split">
            <div class="stack">
            \(notice(story, order, words))
            \(waiting(story, words))
            \(pay(request, order, story, token: token, hosted: hosted))
            \(again(request, story, token: token))
            <ol class="steps">\(OrderStory.Step.allCases.map { step($0, story, words) })</ol>
            \(parcels(order, words))
            \(ReturnsBox(request, order, token).html)\(ProblemsBox(request, order, token).html)
            </div>
            <section class="panel" aria-label="\(words(.summary))">
            <h2>\(words(.items))</h2>
            <ul class="lines">\(order.lines.map { line($0, words) })</ul>
            \(SumsList.html(order.sums, words))
            \(refund(order, words))
            <p class="fine">\(words(.deliverTo, ["city": order.city]))</p>
            \(invoice(order, words))
            </section>
            </div>
            """
    }

    private static func refund(_ order: OrderView, _ words: Words) -> HTML {
        guard order.refunded.isPositive else { return .empty }
        let text = words(.lineRefunded, ["amount": words.money(order.refunded)])
        return "<p><span class=\"tag\">\(text)</span></p>"
    }

    private static func invoice(_ order: OrderView, _ words: Words) -> HTML? {
        order.invoiceNumber.map { "<p class=\"fine\">\(words(.invoice, ["number": $0]))</p>" }
    }

    /// An order that came to nothing: the same things can be put into the basket again.
    private static func again(_ request: WebRequest, _ story: OrderStory, token: String) -> HTML {
        guard story.notice == .refused || story.notice == .expired else { return .empty }
        return """
            <form method="post" action="\(link: request.address("/o/\(token)/basket"))">
            \(request.formTokenField)<button>\(request.words(.basketAgain))</button></form>
            """
    }

    private static func title(_ order: OrderView, _ words: Words) -> String {
        order.number.map { words(.orderTitle, ["number": $0.description]) } ?? words(.orderTitleEarly)
    }

    private static func live(_ story: OrderStory, _ request: WebRequest, _ token: String) -> String {
        story.isFinal ? "" : request.address("/o/\(token)/events")
    }

    private static func notice(_ story: OrderStory, _ order: OrderView, _ words: Words) -> HTML {
        guard let notice = story.notice else { return .empty }
        let tone: HTML =
            switch notice {
            case .refunded: .empty
            case .declined, .refused: " bad"
            case .expired, .canceled, .partlyRefunded, .latePaid: " warn"
            }
        let (title, text) = notice.messages
        let heading: HTML? = title.map { "<p><strong>\(words($0))</strong></p>" }
        return """
            <div class="note\(tone)" role="status">\(heading)\
            <p>\(words(text, ["amount": words.money(order.refunded)]))</p></div>
            """
    }

    private static func waiting(_ story: OrderStory, _ words: Words) -> HTML {
        guard let waiting = story.waiting else { return .empty }
        let note: HTML = story.isFinal ? .empty : " <span class=\"fine\">\(words(.liveNote))</span>"
        return "<p role=\"status\">\(words(waiting.message))\(note)</p>"
    }

    private static func pay(
        _ request: WebRequest, _ order: OrderView, _ story: OrderStory, token: String, hosted: HostedPayment
    ) -> HTML {
        guard let payable = story.payable, let payment = order.payment else { return .empty }
        let words = request.words
        let label =
            payable == .again ? words(.payAgain) : words(.payNow, ["amount": words.money(payment.amount)])
        let back = "\(request.origin)\(request.address("/o/\(token)"))"
        return """
            <p><a class="button" rel="nofollow" href="\(link: hosted.address(payment, returningTo: back))">\
            \(label)</a></p>
            """
    }

    private static func step(_ step: OrderStory.Step, _ story: OrderStory, _ words: Words) -> HTML {
        let state = story.state(of: step)
        let (style, mark, word): (HTML, HTML, Message) =
            switch state {
            case .done: ("done", "✓", .stepDone)
            case .now: ("now", "●", .stepNow)
            case .next: ("next", .empty, .stepNext)
            case .stopped: ("stopped", "×", .stepStopped)
            }
        let current: HTML = state == .now ? " aria-current=\"step\"" : ""
        return """
            <li class="\(style)"\(current)><span class="mark" aria-hidden="true">\(mark)</span>\
            \(words(step.message))<span class="hidden"> (\(words(word)))</span></li>
            """
    }

    private static func line(_ line: OrderView.Line, _ words: Words) -> HTML {
        var tags: [HTML] = []
        func tag(_ message: Message, _ count: Int, _ kind: HTML) {
            guard count > 0 else { return }
            let number = count < line.quantity ? "\(words(.lineCount, ["count": String(count)])) " : ""
            tags.append(" <span class=\"tag\(kind)\">\(number)\(words(message))</span>")
        }
        tag(.lineUnavailable, line.canceled, " warn")
        tag(.lineDelivered, line.delivered, " good")
        tag(.lineShipped, line.shipped, .empty)
        return """
            <li><div><span class="fine">\(words.count(line.quantity))</span> \
            <span class="name">\(line.title)</span>\(tags)</div>
            <span class="price">\(words.money(line.total))</span></li>
            """
    }

    private static func parcels(_ order: OrderView, _ words: Words) -> HTML {
        guard !order.parcels.isEmpty else { return .empty }
        let lines = order.parcels.map { parcel -> HTML in
            let label = words(.track, ["carrier": parcel.carrier])
            let track: HTML? = parcel.address.map { address in
                " <a href=\"\(link: address)\" rel=\"noreferrer\">\(label)</a>"
            }
            let arrived: HTML =
                parcel.isDelivered ? " <span class=\"tag good\">\(words(.lineDelivered))</span>" : .empty
            return "<li>\(words(.parcel, ["number": parcel.number]))\(track)\(arrived)</li>"
        }
        return "<ul class=\"parcels\">\(lines)</ul>"
    }
}

extension OrderStory.Step {
    var message: Message {
        switch self {
        case .received: .stepReceived
        case .paid: .stepPaid
        case .sent: .stepSent
        case .shipped: .stepShipped
        case .delivered: .stepDelivered
        }
    }
}

extension OrderStory.Waiting {
    var message: Message {
        switch self {
        case .preparing: .waitPreparing
        case .payment: .waitPay
        case .bank: .waitBank
        case .action: .waitAction
        case .forwarding: .waitForward
        case .supplier: .waitSupplier
        case .clarification: .waitHold
        case .rest: .waitPartlyShipped
        case .parcel: .waitShipped
        case .nothing: .waitDelivered
        }
    }
}

extension OrderStory.Notice {
    var messages: (title: Message?, text: Message) {
        switch self {
        case .declined: (.declinedTitle, .declinedText)
        case .expired: (.expiredOrderTitle, .expiredOrderText)
        case .refused: (.failedTitle, .failedText)
        case .refunded: (.refundedTitle, .refundedText)
        case .canceled: (.canceledTitle, .canceledText)
        case .partlyRefunded: (nil, .partlyRefundedText)
        case .latePaid: (nil, .latePaidText)
        }
    }
}
