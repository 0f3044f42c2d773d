// A part of a page that is read by itself: where it cannot be read it says so, with a way to try again and
// the request's id for whoever looks into it, and the rest of the page stands.

import Logging
import WebSupport

extension Console {
    private static let logger = Logger(label: "cartflux.console")

    func panel(
        _ name: String, _ request: WebRequest, _ body: @Sendable () async throws -> HTML
    ) async -> HTML {
        do {
            return try await body()
        } catch {
            Self.logger.error(
                "a part of a page could not be read",
                metadata: ["part": "\(name)", "request": "\(request.id)", "error": "\(error)"])
            return """
                <div class="note bad"><p><strong>\(name)</strong> cannot be read just now. \
                <a href="\(PageAddress(request).with([:]))">Try again</a>; the request is \
                <code>\(request.id)</code>.</p></div>
                """
        }
    }
}
