// Every way a question to VIES can stay without an answer. Nearly all of them pass by themselves, and none
// says anything about the number that was asked about.

import Durable
import Foundation
import VendorHTTP

/// A question to VIES that was not answered.
package struct VIESFailure: Classified, Sendable, Equatable {
    package enum Reason: Sendable, Equatable {
        /// VIES does not know the number in whose name it was asked.
        case requesterRefused
        /// The service or the member state's register is away or asked too often, in its own word.
        case unavailable(String)
        /// VIES takes no more questions from us, or none about this number, until somebody writes to it.
        case blocked(String)
        /// Held back by our own limits; nothing was asked.
        case held(until: Date)
        case unreachable(String)
        case unreadable(String)
    }

    package let reason: Reason
    package let call: VendorCall

    package init(_ reason: Reason, call: VendorCall) {
        self.reason = reason
        self.call = call
    }

    package var disposition: Disposition {
        switch reason {
        case .requesterRefused: .permanent
        case .blocked: .needsAttention(owner: .operator)
        case .held(let until): .deferred(until: until)
        case .unavailable, .unreachable, .unreadable: .transient()
        }
    }

    package var code: String {
        switch reason {
        case .requesterRefused: "vies.requester_refused"
        case .unavailable: "vies.unavailable"
        case .blocked: "vies.blocked"
        case .held: "vies.held"
        case .unreachable: "vies.unreachable"
        case .unreadable: "vies.unreadable"
        }
    }
}

extension VIESFailure: CustomStringConvertible, LocalizedError {
    package var description: String { "\(call): \(summary)" }

    package var errorDescription: String? { description }

    private var summary: String {
        switch reason {
        case .requesterRefused: "the platform's own VAT number is not known there; correct it"
        case .unavailable(let word): "\(word); it says nothing about the number, ask again later"
        case .blocked(let word): "\(word); write to the VIES helpdesk, asking again does not help"
        case .held: "our own limits hold the question back"
        case .unreachable(let reason): "\(reason); ask again later"
        case .unreadable(let reason): "the answer is unreadable: \(reason)"
        }
    }
}

// MARK: - From answers

extension VIESFailure {
    /// The word of an error: in the list that the service wraps its errors in, or where other answers of the
    /// same interface carry it.
    static func word(in json: JSON) -> String? {
        if let word = json["errorWrappers"].elements.first?["error"].filledText { return word }
        if json["actionSucceed"].bool == false { return "unnamed error" }
        return json["userError"].filledText.flatMap { ["VALID", "INVALID"].contains($0) ? nil : $0 }
    }

    init(word: String, call: VendorCall) {
        let reason: Reason =
            switch word {
            case "INVALID_REQUESTER_INFO": .requesterRefused
            case "VAT_BLOCKED", "IP_BLOCKED": .blocked(word)
            // SERVICE_UNAVAILABLE, MS_UNAVAILABLE, TIMEOUT, GLOBAL_MAX_CONCURRENT_REQ and
            // MS_MAX_CONCURRENT_REQ, each also with _TIME behind it; a word that nobody has written down is
            // no answer either.
            default: .unavailable(String(word.prefix(60)))
            }
        self.init(reason, call: call)
    }
}
