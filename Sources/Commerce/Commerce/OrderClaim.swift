import FoundationEssentials

// A claim has two sides. The shopper's is the merchant's to answer: the law's guarantee binds the seller,
// whatever its supplier does. The supplier's answer decides only who bears the cost, and may come much later
// or never. So the shopper's side is settled first and never waits for the supplier, except where the
// merchant has promised a replacement that the supplier is to send. Everything that can happen next follows
// from the facts alone, so a run that was killed, or told something twice, goes on with the same move.

/// What is wrong. Raw values are stored.
package enum ClaimProblem: String, Codable, Sendable, Hashable, CaseIterable {
    case damaged
    case wrong
    case missing
    /// The shopper withdrew and was refunded; the supplier is asked to take the goods back.
    case returned

    /// What a shopper can report.
    package static let reported: [ClaimProblem] = [.damaged, .wrong, .missing]
}

/// What the shopper would rather have. Raw values are stored.
package enum ClaimWish: String, Codable, Sendable, Hashable, CaseIterable { case refund, replacement }

/// What the merchant has decided. Raw values are stored.
package enum ClaimRemedy: String, Codable, Sendable, Hashable, CaseIterable {
    case refund, replacement, refused
}

/// What the supplier gave for it. Raw values are stored.
package enum SupplierAnswer: String, Codable, Sendable, Hashable, CaseIterable {
    case credited
    case replaced
    case refused
    /// The supplier gave nothing, and the platform makes it good to the merchant.
    case borne

    /// The merchant gets money for it.
    package var isMoney: Bool { self == .credited || self == .borne }
}

/// How the shopper's side ended. Raw values are stored.
package enum ClaimSettlement: String, Codable, Sendable, Hashable, CaseIterable {
    case refunded, replaced, refused
    /// The shopper's bank has given the money back in a dispute.
    case paidByBank = "paid_by_bank"

    /// The units may be withdrawn from, or claimed for, once more.
    package var freesUnits: Bool { self == .replaced || self == .refused }
}

/// How the whole of it ended. Raw values are stored.
package enum ClaimEnd: String, Codable, Sendable, Hashable, CaseIterable {
    /// The shopper's claim was refused, so nothing was asked of the supplier.
    case refused
    case credited, borne, replaced
    case supplierRefused = "supplier_refused"
    /// The supplier never said anything: the merchant bears it.
    case unanswered

    init(_ answer: SupplierAnswer) {
        self =
            switch answer {
            case .credited: .credited
            case .borne: .borne
            case .replaced: .replaced
            case .refused: .supplierRefused
            }
    }
}

/// What the claim is waiting for. Each wait has its reminders, and with the last of them somebody is asked.
package enum ClaimPhase: String, Codable, Sendable, Hashable, CaseIterable {
    /// The merchant, to decide.
    case decision
    /// The supplier, to send what was promised.
    case replacement
    /// The merchant again: the supplier sends none.
    case otherWay = "other_way"
    /// The supplier, to make it good.
    case supplier

    /// Days after which it is asked for again. A merchant is to decide while the shopper still has patience;
    /// a supplier is given time to look at the goods.
    package var days: [Int] {
        switch self {
        case .decision: [2, 5, 10]
        case .replacement: [7, 14]
        case .otherWay: [0, 5]
        case .supplier: [7, 21, 45]
        }
    }
}

/// What has to be done next.
package enum ClaimMove: Sendable, Hashable {
    case refund
    case settle(ClaimSettlement)
    /// Hand on what the supplier gave.
    case handOn
    case remind(ClaimPhase, round: Int, isLast: Bool)
    case close(ClaimEnd)
    case wait(until: Date)
}

/// What a run has done already that no row shows.
package struct ClaimMemory: Codable, Sendable, Hashable {
    package private(set) var reminders: [ClaimPhase: Int] = [:]
    /// The refund was tried. One that failed has asked for a person, who makes it another way.
    package private(set) var isRefundTried = false

    package init() {}

    package mutating func note(_ move: ClaimMove) {
        switch move {
        case .refund: isRefundTried = true
        case .remind(let phase, let round, _): reminders[phase] = round + 1
        case .settle, .handOn, .close, .wait: break
        }
    }
}

/// Where a claim stands.
package struct ClaimStanding: Codable, Sendable, Hashable {
    /// What the shopper's bank has to do with it.
    package enum Bank: String, Codable, Sendable { case nothing, deciding, paid }

    package var reportedAt: Date
    package var remedy: ClaimRemedy?
    package var decidedAt: Date?
    package var isReplacementSent = false
    /// The shopper has the money for all that it is about, whoever gave it back.
    package var isPaidBack = false
    /// All of it is promised, and the shopper has not got it yet. Nothing in journals of before the two were
    /// told apart.
    package var isBeingPaidBack: Bool?
    package var bank = Bank.nothing
    package var settlement: ClaimSettlement?
    package var answer: SupplierAnswer?
    package var answeredAt: Date?
    package var isHandedOn = false

    private static let day: TimeInterval = 86_400
    /// Between looks while nothing more is to be said.
    private static let longLook: TimeInterval = 30 * day
    private static let refundLook: TimeInterval = 7 * day
    /// After which nobody expects the supplier to answer.
    package static let supplierDays = 365

    package init(reportedAt: Date) { self.reportedAt = reportedAt }

    package func move(at now: Date, remembering memory: ClaimMemory) -> ClaimMove {
        guard let settlement else { return shoppersMove(now, memory) }
        if let answer {
            return answer.isMoney && !isHandedOn ? .handOn : .close(ClaimEnd(answer))
        }
        guard settlement != .refused else { return .close(.refused) }
        let asked = decidedAt ?? reportedAt
        let end = asked.addingTimeInterval(TimeInterval(Self.supplierDays) * Self.day)
        guard now < end else { return .close(.unanswered) }
        return ask(.supplier, since: asked, now, memory, before: end)
    }

    private func shoppersMove(_ now: Date, _ memory: ClaimMemory) -> ClaimMove {
        if isPaidBack { return .settle(.refunded) }
        if bank == .paid { return .settle(.paidByBank) }
        // While the bank has the money, the shopper could get it twice.
        let look = now.addingTimeInterval(bank == .deciding ? Self.day : Self.longLook)
        switch remedy {
        case .refused: return .settle(.refused)
        case .replacement where isReplacementSent: return .settle(.replaced)
        case .refund:
            if bank == .deciding { return .wait(until: look) }
            if memory.isRefundTried { return .wait(until: now.addingTimeInterval(Self.refundLook)) }
            // Somebody else's, which may still fail: then it is ours to make.
            return isBeingPaidBack == true ? .wait(until: now.addingTimeInterval(Self.day)) : .refund
        case nil: return ask(.decision, since: reportedAt, now, memory, before: look)
        case .replacement:
            if let answeredAt { return ask(.otherWay, since: answeredAt, now, memory, before: look) }
            return ask(.replacement, since: decidedAt ?? reportedAt, now, memory, before: look)
        }
    }

    private func ask(
        _ phase: ClaimPhase, since start: Date, _ now: Date, _ memory: ClaimMemory, before end: Date
    ) -> ClaimMove {
        let moments = phase.days.map { start.addingTimeInterval(TimeInterval($0) * Self.day) }
        let done = memory.reminders[phase] ?? 0
        guard done < moments.count else {
            return .wait(until: min(end, now.addingTimeInterval(Self.longLook)))
        }
        guard moments[done] <= now else { return .wait(until: min(end, moments[done])) }
        return .remind(phase, round: done, isLast: done == moments.count - 1)
    }
}

/// How long something may be claimed: the law's guarantee, which begins with the delivery.
package struct ClaimPeriod: Sendable, Hashable {
    /// Two years in the Union, three in Spain; leap days go to the shopper.
    private static let days = 2 * 365 + 1
    private static let daysInSpain = 3 * 365 + 1

    package let days: Int

    package init(in country: CountryCode) {
        days = country.rawValue == "ES" ? Self.daysInSpain : Self.days
    }

    /// The first moment at which it is over.
    package func end(after delivery: Date) -> Date {
        delivery.addingTimeInterval(TimeInterval(days) * 86_400)
    }
}
