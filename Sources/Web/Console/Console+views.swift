// Names for filters of the list of runs, kept for one administrator. A view is a link: its filter is the
// address, so it can be sent to a colleague as well.

import CommerceStore
import Foundation
import WebSupport

extension Console {
    var viewEndpoints: [Endpoint] {
        [
            privateForm("/ops/views", may: .look, keepView),
            privateForm("/ops/views/forget", may: .look) { request, admin in
                try await savedViews.forget(request.form["name"] ?? "", of: admin.id)
                return .seeOther("/ops/runs")
            },
        ]
    }

    private func keepView(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        let query = RunQuery(now: request.receivedAt) { request.form[$0] }
        let address = PageAddress("/ops/runs", query.words).with([:])
        let text = String(address.dropFirst("/ops/runs?".count))
        let name = (request.form["name"] ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
        var problems = query.problems
        if !(1...AdminViews.nameLimit).contains(name.count) {
            problems.append(
                FieldError("name", "Give the view a name of up to \(AdminViews.nameLimit) characters."))
        }
        if text.isEmpty || text.count > AdminViews.queryLimit {
            problems.append(FieldError("name", "Filter the list first: there is nothing to keep."))
        }
        if problems.isEmpty {
            let isKept = try await savedViews.keep(AdminViews.View(name: name, query: text), for: admin.id)
            if isKept { return .seeOther(address) }
            problems.append(
                FieldError("name", "You keep \(AdminViews.limit) views already: forget one first."))
        }
        return ConsolePage(
            request, title: "Keep a view", admin: admin,
            main: """
                <h1>Keep a view</h1>\(ErrorSummary.html(problems))\
                \(ViewForm(words: query.words, request: request, problems: problems).html)
                """
        ).response(status: 422)
    }
}

/// The views that come with the console, and those that were kept.
struct ViewLinks: Sendable {
    let kept: [AdminViews.View]
    let words: [String: String]
    let request: WebRequest

    private static let given = [
        ("/ops/runs?status=failed,needs_attention,poisoned", "Ended badly"),
        ("/ops/runs?wait=retry", "Retrying"), ("/ops/runs?wait=deferral", "Put off by a limit"),
        ("/ops/runs?status=pending", "Ready"), ("/ops/runs?status=running", "Running"),
        ("/ops/orders?view=unforwarded", "Paid, not forwarded"),
        ("/ops/runs", "All"),
    ]

    var html: HTML {
        let links = Self.given.map { "<a href=\"\($0.0)\">\($0.1)</a>" as HTML }
        let own = kept.map { "<a href=\"\("/ops/runs?\($0.query)")\">\($0.name)</a>" as HTML }
        let mine: HTML? =
            own.isEmpty ? nil : "<p class=\"pager\"><span class=\"fine\">Your views</span>\(own)</p>"
        return """
            <p class="pager"><span class="fine">Views</span>\(links)</p>\(mine)\(keeping)
            """
    }

    private var keeping: HTML {
        guard !words.isEmpty || !kept.isEmpty else { return .empty }
        let forget = kept.map { view -> HTML in
            """
            <form method="post" action="/ops/views/forget">\(request.tokenField)\
            <input type="hidden" name="name" value="\(view.name)">\
            <button class="link">Forget \(view.name)</button></form>
            """
        }
        let keep: HTML? =
            words.isEmpty ? nil : ViewForm(words: words, request: request, problems: []).html
        return "<details><summary>Keep or forget views</summary>\(keep)\(forget)</details>"
    }
}

struct ViewForm: Sendable {
    let words: [String: String]
    let request: WebRequest
    let problems: [FieldError]

    var html: HTML {
        let kept = words.sorted { $0.key < $1.key }.map {
            "<input type=\"hidden\" name=\"\($0.key)\" value=\"\($0.value)\">" as HTML
        }
        let name = Entry("name", "Name of this view", id: "view-name")
        return """
            <form method="post" action="/ops/views" class="panel stack narrow">\(request.tokenField)\(kept)\
            \(name.html(request, problems, wasSent: request.method == "POST"))<p><button>Keep it</button></p>\
            </form>
            """
    }
}
