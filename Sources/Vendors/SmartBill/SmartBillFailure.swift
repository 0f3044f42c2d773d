// Every way a call to SmartBill can fail. Two of them look like others and are not: status 403 is a block
// of ten minutes for too many calls, and a 200 with an `errorText` is a refusal. After a 500 or a lost
// answer the invoice may exist; issuing it again would break the law, so `mayHaveHappened` sends the
// workflow to compare the series' next number.

import Durable
import Foundation
import VendorHTTP

/// A call to SmartBill that did not do what was asked.
package struct SmartBillFailure: Classified, Sendable, Equatable {
    /// Refusals that a workflow treats in its own way.
    package enum Refusal: String, Sendable, Equatable {
        case seriesUnknown = "series_unknown"
        case documentUnknown = "document_unknown"
        case notLastOfSeries = "not_last_of_series"
        case alreadyReversed = "already_reversed"
        case reversalTooEarly = "reversal_too_early"
        case periodClosed = "period_closed"
        case taxUnknown = "tax_unknown"
        case clientInvalid = "client_invalid"
        case other
    }

    package enum Reason: Sendable, Equatable {
        /// The words are SmartBill's, in Romanian, for the merchant to read.
        case refused(Refusal, words: String)
        /// Wrong e-mail, token or company: the merchant must act.
        case credentialsRefused(words: String)
        /// Too many calls: all calls of this token must stop until then.
        case blocked(until: Date)
        /// An error of theirs or an answer that cannot be read: whether a document was issued is unknown.
        case unknown(status: Int, String)
        case unreachable(mayHaveHappened: Bool, reason: String)
    }

    package let reason: Reason
    package let call: VendorCall

    package init(_ reason: Reason, call: VendorCall) {
        self.reason = reason
        self.call = call
    }

    package var disposition: Disposition {
        switch reason {
        case .refused, .credentialsRefused: .permanent
        case .blocked(let until): .deferred(until: until)
        case .unknown, .unreachable: .transient()
        }
    }

    /// Whether SmartBill may have done what was asked: reconcile before any repetition.
    package var mayHaveHappened: Bool {
        switch reason {
        case .unknown: true
        case .unreachable(let mayHaveHappened, _): mayHaveHappened
        default: false
        }
    }

    package var code: String {
        switch reason {
        case .refused(.other, _): "smartbill.refused"
        case .refused(let refusal, _): "smartbill.\(refusal.rawValue)"
        case .credentialsRefused: "smartbill.credentials_refused"
        case .blocked: "smartbill.blocked"
        case .unknown: "smartbill.unknown"
        case .unreachable: "smartbill.unreachable"
        }
    }
}

extension SmartBillFailure: CustomStringConvertible, LocalizedError {
    package var description: String { "\(call): \(summary)" }

    package var errorDescription: String? { description }

    private var summary: String {
        switch reason {
        case .refused(_, let words): "refused: \(words)"
        case .credentialsRefused:
            "credentials refused; the merchant must check e-mail, token and company code"
        case .blocked: "blocked for too many calls; all calls of this account must pause"
        case .unknown(let status, let body):
            "status \(status) with \(body); reconcile with the series before repeating"
        case .unreachable(true, let reason): "\(reason); reconcile with the series before repeating"
        case .unreachable(false, let reason): "\(reason); nothing was sent"
        }
    }
}

// MARK: - From answers

extension SmartBillFailure {
    /// How long SmartBill blocks a token; `X-RateLimit-Reset` speaks of the ten-second window only.
    private static let blockTime: Duration = .seconds(600)

    /// An answer that is no success, by its status or by its text.
    init(_ response: VendorResponse, call: VendorCall) {
        let json = SmartBillEnvelope.unwrap(response.json ?? .null)
        let words = [json["errorText"], json["message"], json["faultstring"]].lazy.compactMap(\.filledText)
            .first
        switch response.status {
        case 401: self.init(.credentialsRefused(words: words ?? ""), call: call)
        case 403: self.init(.blocked(until: response.instant(after: Self.blockTime)), call: call)
        case 200..<300, 500...:
            if response.isSuccess, let words = json["errorText"].filledText {
                self.init(.refused(Refusal(words), words: words), call: call)
            } else {
                self.init(.unknown(status: response.status, words ?? response.excerpt), call: call)
            }
        case 429:
            self.init(
                .blocked(until: response.instant(after: response.retryAfter ?? Self.blockTime)), call: call)
        case 408: self.init(.unknown(status: 408, words ?? response.excerpt), call: call)
        default:
            let words = words ?? "status \(response.status)"
            self.init(.refused(Refusal(words), words: words), call: call)
        }
    }
}

extension SmartBillFailure.Refusal {
    /// SmartBill has no codes; its sentences are matched without regard to case and diacritics.
    init(_ words: String) {
        let plain = words.folding(options: [.caseInsensitive, .diacriticInsensitive], locale: nil)
        let known: [(SmartBillFailure.Refusal, [String])] = [
            (.seriesUnknown, ["seria nu a fost gasita", "serie inexistenta"]),
            (.notLastOfSeries, ["nu este ultimul din serie"]),
            (.alreadyReversed, ["este deja stornata"]),
            (.reversalTooEarly, ["nu poate fi anterioara"]),
            (.documentUnknown, ["factura cu seria", "documentul cu seria"]),
            (.periodClosed, ["perioada inchisa"]),
            (.taxUnknown, ["cota tva"]),
            (.clientInvalid, ["client invalid", "client trebuie specificat", "clientul exista deja"]),
        ]
        self = known.first { $0.1.contains { plain.contains($0) } }?.0 ?? .other
    }
}
