// A page as it is for nobody in particular, with places left open for what differs from visitor to visitor:
// the token of a form and the basket. The page is made for a visitor without a session, without cookies and
// without headers, so it cannot hold anything of the one who happened to ask first; and what goes into its
// open places is never kept. Leaving the form out of a kept page, or fetching its token by script, were
// rejected: pages work without script, and a stranger's first click puts the thing into the basket.

import Foundation

/// What stands in the open places while a page is made. The marks are new each time and never leave the
/// program: a text that a merchant wrote cannot contain one, so no token ends up where he wants it.
package struct PageSlots: Sendable {
    package let formToken = UUID().uuidString
    package let basket = UUID().uuidString

    package init() {}
}

package struct PageShell: Sendable {
    package enum Slot: Sendable, CaseIterable {
        case formToken, basket
    }

    /// All but the page itself.
    private var frame: WebResponse
    private let bytes: [UInt8]
    /// Where something has to be put in, in the order of the page.
    private let openings: [(offset: Int, slot: Slot)]
    /// Of the page with nothing put in.
    package let tag: String

    package init(_ response: WebResponse, _ slots: PageSlots) {
        frame = response
        guard case .bytes(let made) = response.body else {
            bytes = []
            openings = []
            tag = WebResponse.tag(of: [])
            return
        }
        var kept: [UInt8] = []
        var places: [(offset: Int, slot: Slot)] = []
        var start = 0
        for (range, slot) in Self.marks(in: made, of: slots) {
            kept += made[start..<range.lowerBound]
            places.append((kept.count, slot))
            start = range.upperBound
        }
        kept += made[start...]
        // Not twice.
        frame.body = .bytes([])
        bytes = kept
        openings = places
        tag = WebResponse.tag(of: kept)
    }

    private static func marks(in bytes: [UInt8], of slots: PageSlots) -> [(Range<Int>, Slot)] {
        let page = Data(bytes)
        var found: [(Range<Int>, Slot)] = []
        for slot in Slot.allCases {
            let mark: String
            switch slot {
            case .formToken: mark = slots.formToken
            case .basket: mark = slots.basket
            }
            var start = page.startIndex
            while let range = page.range(of: Data(mark.utf8), in: start..<page.endIndex) {
                found.append((range, slot))
                start = range.upperBound
            }
        }
        return found.sorted { $0.0.lowerBound < $1.0.lowerBound }
    }

    /// Whether the page has a place for this.
    package func has(_ slot: Slot) -> Bool { openings.contains { $0.slot == slot } }

    /// Only a whole page that sets nothing in the browser may be sent to others.
    var mayBeKept: Bool {
        guard case .bytes = frame.body else { return false }
        return frame.status == 200 && frame.cookies.isEmpty && !frame.renewsSession
    }

    /// What it costs to keep.
    var size: Int { bytes.count + 64 * openings.count }

    /// The page for one visitor.
    package func response(filling value: (Slot) -> String) -> WebResponse {
        guard case .bytes = frame.body else { return frame }
        var filled = frame
        filled.body = .bytes(openings.isEmpty ? bytes : put(value))
        return filled
    }

    private func put(_ value: (Slot) -> String) -> [UInt8] {
        var page: [UInt8] = []
        page.reserveCapacity(bytes.count + 256)
        var start = 0
        for (offset, slot) in openings {
            page += bytes[start..<offset]
            page += value(slot).utf8
            start = offset
        }
        page += bytes[start...]
        return page
    }
}

extension WebRequest {
    /// The same question, asked by nobody in particular: of the visitor only the choice of light or dark is
    /// left, by which pages are told apart.
    package func forNobody(_ slots: PageSlots) -> WebRequest {
        let scheme = ColourScheme(of: self)
        let headers: [String: String] =
            scheme == .system ? [:] : ["cookie": "\(ColourScheme.cookie)=\(scheme.rawValue)"]
        var nobody = WebRequest(
            id: "", method: "GET", path: path, query: [:], headers: headers,
            authority: HostDirectory.host(of: authority) ?? "", clientAddress: "", site: site,
            session: Session(), receivedAt: receivedAt)
        nobody.parameters = parameters
        nobody.language = language
        nobody.languageIsExplicit = languageIsExplicit
        nobody.formToken = slots.formToken
        nobody.isSecure = isSecure
        nobody.port = port
        nobody.slots = slots
        return nobody
    }
}
