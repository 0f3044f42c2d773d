// The forms and tables of the pages for webhooks.

import Commerce
import CommerceStore
import Foundation
import WebSupport

/// Address, name and kinds of events of an endpoint.
struct WebhookForm: Sendable {
    let request: WebRequest
    let action: String
    var values: [String: String]
    var problems: [FieldError]
    let button: String
    var hidden: [(name: String, value: String)] = []

    struct Refusal: Error {
        let problems: [FieldError]
    }

    private static let prefix = "kind:"

    private static let fields = [
        FormField(
            "url", "Address", type: "url", hint: "Where we send events, such as https://example.com/hooks."),
        FormField("title", "Name", hint: "For you alone; may be left empty."),
    ]

    static func read(
        _ request: WebRequest, mayBePrivate: Bool
    ) -> Result<WebhookEndpoints.Request, Refusal> {
        var problems: [FieldError] = []
        let url = request.form["url"] ?? ""
        if let problem = WebhookRules.problem(ofAddress: url, mayBePrivate: mayBePrivate) {
            problems.append(FieldError("url", problem))
        }
        let title = request.form["title"] ?? ""
        if title.count > 80 { problems.append(FieldError("title", "has more than 80 characters")) }
        let kinds = request.form.names(with: prefix).compactMap {
            WebhookKind(rawValue: String($0.dropFirst(5)))
        }
        if kinds.isEmpty { problems.append(FieldError("kinds", "Choose at least one kind of event.")) }
        guard problems.isEmpty else { return .failure(Refusal(problems: problems)) }
        return .success(WebhookEndpoints.Request(url: url, title: title, kinds: Set(kinds)))
    }

    /// What was typed and ticked, to be shown again.
    static func typed(_ request: WebRequest) -> [String: String] {
        var typed = request.typed(fields)
        for name in request.form.names(with: prefix) { typed[name] = "1" }
        return typed
    }

    static func values(of endpoint: WebhookEndpoint) -> [String: String] {
        var values = ["url": endpoint.url, "title": endpoint.title]
        for kind in endpoint.kinds { values[prefix + kind.rawValue] = "1" }
        return values
    }

    var html: HTML {
        FormView(
            request: request, action: action, fields: Self.fields, values: values, problems: problems,
            button: button, hidden: hidden, extra: kinds
        ).html
    }

    private var kinds: HTML {
        let problem = problems.first { $0.field == "kinds" }
        let error: HTML? = problem.map { "<p class=\"error\" id=\"kinds-error\">\($0.message)</p>" }
        let described: HTML = problem == nil ? .empty : " aria-describedby=\"kinds-error\""
        let boxes = WebhookKind.allCases.map { kind -> HTML in
            let name = Self.prefix + kind.rawValue
            let chosen: HTML = values[name] == nil ? .empty : " checked"
            return """
                <div><label><input type="checkbox" name="\(name)" value="1"\(chosen)> \
                <code>\(kind.rawValue)</code> <span class="fine">\(kind.meaning)</span></label></div>
                """
        }
        return "<fieldset id=\"kinds\"\(described)><legend>Events</legend>\(error)\(boxes)</fieldset>"
    }
}

/// One endpoint: what it is, what can be done with it, and what was sent there.
struct WebhookVisit: Sendable {
    static let pageSize = 50

    let request: WebRequest
    let store: Store
    let endpoint: WebhookEndpoint
    let deliveries: [WebhookDelivery]
    let state: WebhookDelivery.State?
    let problems: [FieldError]
    let typed: [String: String]?

    private var address: String { "\(StorePlace.webhooks.address(in: store.tenant))/\(endpoint.id)" }

    var html: HTML {
        """
        \(standing)<div class="acts">\(acts)</div>
        <h2>Deliveries</h2>\(filters)\(list)\(older)
        <h2>Send events again</h2>\(replay)
        <h2>Settings</h2>\(settings)
        <h2>Remove</h2>\(removal)
        """
    }

    private var standing: HTML {
        guard let ending = endpoint.disabledBecause, let at = endpoint.disabledAt else {
            guard let since = endpoint.failingSince else {
                return "<p>Events are sent to <code>\(endpoint.url)</code>.</p>"
            }
            return """
                <div class="note warn"><p>Nothing has been taken at <code>\(endpoint.url)</code> since \
                \(HTML.time(since)). After five days the endpoint is switched off.</p></div>
                """
        }
        let why: String =
            switch ending {
            case .merchant: "You switched this endpoint off"
            case .failing: "This endpoint had taken nothing for five days and was switched off"
            case .gone: "This endpoint answered that it is gone (410) and was switched off"
            }
        return """
            <div class="note bad"><p><strong>\(why)</strong> (\(HTML.time(at))). Nothing is sent to \
            <code>\(endpoint.url)</code>; what happens meanwhile can be sent again later.</p></div>
            """
    }

    private var acts: [HTML] {
        func one(_ words: String, _ act: String) -> HTML { request.button(words, at: address, act: act) }
        let rotate = one("Make a new secret", "rotate")
        guard endpoint.isEnabled else { return [one("Switch on", "enable"), rotate] }
        var acts = [one("Send a test event", "test"), rotate, one("Switch off", "disable")]
        if endpoint.failingSince != nil { acts.insert(one("Try the waiting ones now", "nudge"), at: 0) }
        return acts
    }

    private var filters: HTML {
        let states: [WebhookDelivery.State?] = [nil] + WebhookDelivery.State.allCases.map { $0 }
        let links = states.map { one -> HTML in
            let current: HTML = one == state ? " aria-current=\"true\"" : ""
            let target = one.map { "\(address)?state=\($0.rawValue)" } ?? address
            return "<a href=\"\(link: target)\"\(current)>\(one?.words ?? "all")</a> "
        }
        return "<p class=\"fine\">\(links)</p>"
    }

    private var list: HTML {
        guard !deliveries.isEmpty else {
            return "<div class=\"empty\"><p>There is nothing here. Send a test event to try it.</p></div>"
        }
        let rows = deliveries.map { delivery -> [HTML] in
            let next: HTML? = delivery.nextAttemptAt.map { ", next \(HTML.time($0))" }
            return [
                "<a href=\"\(link: "\(address)/deliveries/\(delivery.id)")\">\(delivery.kind)</a>",
                "<code>\(delivery.object)</code>", "\(delivery.state.words)\(next)",
                "\(delivery.attempts)", HTML.time(delivery.createdAt),
            ]
        }
        return .table("What was sent, newest first", ["Event", "About", "State", "Attempts", "Since"], rows)
    }

    private var older: HTML {
        guard deliveries.count == Self.pageSize, let last = deliveries.last else { return .empty }
        let kept = state.map { "&state=\($0.rawValue)" } ?? ""
        return "<p><a href=\"\(link: "\(address)?before=\(last.number)\(kept)")\">Older</a></p>"
    }

    private var replay: HTML {
        let fields = [
            FormField("from", "From this day on (UTC)", type: "date", width: "third"),
            FormField("until", "Until this day, included", type: "date", width: "third"),
        ]
        let own = problems.filter { ["from", "until"].contains($0.field) }
        return FormView(
            request: request, action: address, fields: fields,
            values: request.typed(fields), problems: own,
            button: "Send them again", hidden: [("act", "replay")],
            extra: "<p class=\"fine\">Events are kept for 30 days. At most 10,000 are sent at once.</p>"
        ).html
    }

    private var settings: HTML {
        let own = problems.filter { ["url", "title", "kinds"].contains($0.field) }
        return WebhookForm(
            request: request, action: address, values: typed ?? WebhookForm.values(of: endpoint),
            problems: own, button: "Save", hidden: [("act", "save")]
        ).html
    }

    private var removal: HTML {
        let problem = problems.first { $0.field == "confirm" }
        let error: HTML? = problem.map { "<p class=\"error\" role=\"alert\">\($0.message)</p>" }
        return """
            <form method="post" action="\(link: address)" class="panel stack">\(request.formTokenField)
            \(error)<div><label><input type="checkbox" name="confirm" value="yes"> \
            Remove this endpoint and the record of what was sent there</label></div>
            <p><button name="act" value="remove" class="quiet">Remove</button></p></form>
            """
    }
}

/// One delivery with its attempts.
struct WebhookDeliveryView: Sendable {
    let request: WebRequest
    let store: Store
    let delivery: WebhookDelivery
    let body: String
    let attempts: [WebhookAttempt]

    var html: HTML {
        let root = "\(StorePlace.webhooks.address(in: store.tenant))/\(delivery.endpoint)"
        let rows = attempts.map { attempt -> [HTML] in
            [
                "\(attempt.number)", HTML.time(attempt.startedAt), "\(attempt.milliseconds) ms",
                "\(attempt.status.map { "\($0)" } ?? "no answer")", "\(attempt.problem ?? "taken")",
                "<code>\(attempt.answer)</code>",
            ]
        }
        let none: HTML = "<p>Nothing was tried yet.</p>"
        let table = HTML.table(
            "Attempts", ["Attempt", "At", "Took", "Status", "Outcome", "Answer"], rows)
        let next: HTML? = delivery.nextAttemptAt.map { "<p>The next attempt is at \(HTML.time($0)).</p>" }
        return """
            <p><a href="\(link: root)">All deliveries</a></p>
            <p>\(delivery.state.words) · event <code>\(delivery.event.description)</code> · \
            about <code>\(delivery.object)</code></p>\(next)
            \(rows.isEmpty ? none : table)
            <div class="acts">\(request.button("Send again", at: request.path, act: "resend"))</div>
            <h2>What is sent</h2><pre><code>\(body)</code></pre>
            """
    }
}

extension WebhookDelivery.State {
    var words: String {
        switch self {
        case .queued: "waiting"
        case .carried: "on its way"
        case .delivered: "delivered"
        case .failed: "given up"
        case .dropped: "dropped"
        }
    }
}
