// What a person answers to a supplier order that is on hold. Answers wait in a run's mailbox, where one
// can be left over that came too late; the next hold of the same run may be about something else, when the
// supplier may have the order already. So an answer names the hold that it is for, and one that names none
// is for none.

import FoundationEssentials

/// A merchant's or operator's answer to one hold of a supplier order.
package struct SupplierReview: Sendable, Hashable {
    package enum Answer: Sendable, Hashable {
        case retry
        /// Go on as long as the supplier asks no more than this for all of it. Nobody accepts more than they
        /// were shown.
        case acceptPrice(upTo: Money)
        case cancel
    }

    /// The answers as they are stored and travel in forms.
    package enum Word: String, Codable, Sendable, CaseIterable {
        case retry
        case acceptPrice = "accept_price"
        case cancel
    }

    /// The signal that carries it to its run.
    package static let signal = "supplier_review"

    /// The attention item that asked. Nil for an answer that names none.
    package let hold: AttentionItemID?
    package let answer: Answer

    package init(_ answer: Answer, to hold: AttentionItemID) {
        self.hold = hold
        self.answer = answer
    }

    package var word: Word {
        switch answer {
        case .retry: .retry
        case .acceptPrice: .acceptPrice
        case .cancel: .cancel
        }
    }
}

extension SupplierReview: Codable {
    private enum CodingKeys: String, CodingKey {
        case hold, answer, currency
        case limit = "limit_minor"
    }

    /// Reads whatever lies in a mailbox: an error here would end a run over somebody's slip of the pen. Only
    /// what is whole keeps the name of its hold. A bare word is the answer of an earlier version, which took
    /// any price; asking the supplier again is all that can be made of that.
    package init(from decoder: any Decoder) throws {
        // A value that is no object is judged below; one that is none of both is an answer to nothing.
        guard let fields = try? decoder.container(keyedBy: CodingKeys.self) else {
            let bare = try? decoder.singleValueContainer().decode(Word.self)
            (hold, answer) = (nil, bare == .cancel ? .cancel : .retry)
            return
        }
        // As above: a part that cannot be read leaves an answer that names no hold.
        let named = try? fields.decode(AttentionItemID.self, forKey: .hold)
        switch try? fields.decode(Word.self, forKey: .answer) {
        case .retry: (hold, answer) = (named, .retry)
        case .cancel: (hold, answer) = (named, .cancel)
        case .acceptPrice:
            guard let minor = try? fields.decode(Int64.self, forKey: .limit), minor > 0,
                let currency = try? fields.decode(Currency.self, forKey: .currency)
            else {
                (hold, answer) = (nil, .retry)
                return
            }
            (hold, answer) = (named, .acceptPrice(upTo: Money(minorUnits: minor, currency: currency)))
        case nil: (hold, answer) = (nil, .retry)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encodeIfPresent(hold, forKey: .hold)
        try fields.encode(word, forKey: .answer)
        if case .acceptPrice(let limit) = answer {
            try fields.encode(limit.minorUnits, forKey: .limit)
            try fields.encode(limit.currency, forKey: .currency)
        }
    }
}
