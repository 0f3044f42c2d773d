// How pages look in this browser: the zone in which instants are told, and light or dark. A choice of looks,
// so every role may make it and no audit keeps it.

import CommerceStore
import Foundation
import WebSupport

extension Console {
    var displayEndpoints: [Endpoint] {
        [
            privatePage("/ops/display") { request, admin in displayPage(request, admin, []).response() },
            privateForm("/ops/display", may: .look, chooseDisplay),
        ]
    }

    private func displayPage(
        _ request: WebRequest, _ admin: Admin, _ problems: [FieldError]
    ) -> ConsolePage {
        let entries = [
            Entry(
                "zone", "Zone", hint: "For lists, axes and filters. Schedules keep their own.",
                choices: ReaderZone.choices.map { ($0, $0.replacing("_", with: " ")) },
                value: ReaderZone.title),
            Entry(
                "scheme", "Colours",
                choices: [("system", "As the system has it"), ("light", "Light"), ("dark", "Dark")],
                value: ColourScheme(of: request).rawValue),
        ].map { $0.html(request, problems, wasSent: request.method == "POST") }
        return ConsolePage(
            request, title: "Display", admin: admin,
            main: """
                <h1>Display</h1>\(ErrorSummary.html(problems))\
                <p>It holds for this browser. Just now it is \(Show.clock(request.receivedAt)).</p>\
                <form method="post" action="/ops/display" class="panel stack narrow">\(request.tokenField)\
                \(entries)<p><button>Keep it so</button></p></form>\
                <section><h2>Keys</h2>\(ConsoleKeys.list)\
                <p><button type="button" class="quiet" data-single hidden>Single keys: on</button></p>\
                </section>
                """)
    }

    private func chooseDisplay(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        let zone = request.form["zone"] ?? ""
        let scheme = ColourScheme(rawValue: request.form["scheme"] ?? "")
        var problems: [FieldError] = []
        if ReaderZone.named(zone) == nil {
            problems.append(FieldError("zone", "Choose a zone of the list."))
        }
        if scheme == nil { problems.append(FieldError("scheme", "Choose one of the list.")) }
        guard let scheme, problems.isEmpty else {
            return displayPage(request, admin, problems).response(status: 422)
        }
        var response = WebResponse.seeOther("/ops/display")
        response.cookies = [ReaderZone.line(zone, on: request), scheme.line(on: request)]
        return response
    }
}
