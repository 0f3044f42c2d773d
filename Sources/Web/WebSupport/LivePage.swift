// The moving parts of a page. The page is served whole, as ever; its script asks the same address for the
// parts alone when the server says that something changed, and puts them in their places by id. The answer
// has a tag, so that a part which did not change travels once. The tag leaves out what differs each time
// without meaning anything: how long ago something was, and the tokens of forms.

import Crypto
import Foundation

/// A part of a page that moves.
package struct LivePart: Sendable {
    package enum Kind: Sendable {
        /// Shown anew as it is.
        case whole
        /// A list, whose rows stay where they are under the reader's hand: rows with an id are brought up to
        /// date in place, and new ones are offered instead of pushed in.
        case list
    }

    package let id: String
    package let kind: Kind
    package let content: HTML

    package init(_ id: String, _ content: HTML, kind: Kind = .whole) {
        self.id = id
        self.kind = kind
        self.content = content
    }

    package var html: HTML {
        let mark: HTML = kind == .list ? " data-offer" : ""
        return "<div id=\"\(id)\" class=\"live\"\(mark)>\(content)</div>"
    }
}

package struct LivePage: Sendable {
    package let topics: [LiveTopic]
    /// At least so many seconds lie between two looks of one page.
    package let pace: Int
    /// Looked at so often whether or not anything was heard: for what moves without news.
    package let pollSeconds: Int?
    package let parts: [LivePart]
    /// Nothing will change any more; the page stops listening.
    package let isOver: Bool

    package static let word = "live"

    package init(
        _ topics: [LiveTopic], pace: Int = 1, pollSeconds: Int? = nil, isOver: Bool = false,
        _ parts: [LivePart]
    ) {
        self.topics = topics
        self.pace = pace
        self.pollSeconds = pollSeconds
        self.isOver = isOver
        self.parts = parts
    }

    /// The parts alone, for a request that asks for nothing else; nil for one that wants the page.
    package func answer(_ request: WebRequest) -> WebResponse? {
        guard request.wantsLiveParts else { return nil }
        var markup = parts.map(\.html)
        if isOver { markup.append("<i id=\"live-over\" hidden></i>") }
        let html: HTML = "\(markup)"
        let tag = Self.tag(of: html)
        if request.headers["if-none-match"] == tag {
            return WebResponse(status: 304, headers: ["ETag": tag, "Cache-Control": "no-store"])
        }
        var response = WebResponse.html(html)
        response.headers["ETag"] = tag
        return response
    }

    /// What the script hangs on: how the connection stands, and a button to hold the page still. Hidden
    /// until the script runs. Nothing for a page that is over, and for one that answers a form: its address
    /// cannot be asked again.
    package func bar(_ request: WebRequest) -> HTML {
        guard !isOver, request.method == "GET" else { return .empty }
        let names = topics.map(\.text).joined(separator: ",")
        let poll: HTML? = pollSeconds.map { " data-poll=\"\($0)\"" }
        return """
            <div id="live-bar" class="livebar" hidden data-topics="\(names)" data-pace="\(pace)" \
            data-at="\(String(LiveHub.now))"\(poll)><span class="state" data-state></span>\
            <button type="button" class="quiet" data-hold aria-pressed="true" \
            aria-keyshortcuts="p">Live updates: on</button>\
            <button type="button" class="quiet" data-keys aria-pressed="true">Single keys: on</button>\
            <button type="button" data-more hidden></button></div>
            """
    }

    private static func tag(of html: HTML) -> String {
        let digest = SHA256.hash(data: Data(lasting(Array(html.markup.utf8)))).prefix(12)
        return "\"" + Data(digest).base64EncodedString() + "\""
    }

    /// What differs each time, from its beginning to the byte before its end.
    private static let passing: [(start: [UInt8], end: UInt8)] =
        [(Array(" data-ago>".utf8), UInt8(ascii: "<"))]
        + ["form_token", "key", "once"].map {
            (Array("name=\"\($0)\" value=\"".utf8), UInt8(ascii: "\""))
        }

    private static func lasting(_ bytes: [UInt8]) -> [UInt8] {
        var kept: [UInt8] = []
        kept.reserveCapacity(bytes.count)
        var place = 0
        while place < bytes.count {
            let byte = bytes[place]
            let found = passing.first { byte == $0.start[0] && bytes[place...].starts(with: $0.start) }
            if let found {
                kept += found.start
                place += found.start.count
                while place < bytes.count, bytes[place] != found.end { place += 1 }
            } else {
                kept.append(byte)
                place += 1
            }
        }
        return kept
    }
}

extension WebRequest {
    /// The page's script asks for the moving parts. Nobody need be at the browser for that.
    package var wantsLiveParts: Bool { query["fragment"] == LivePage.word }
}
