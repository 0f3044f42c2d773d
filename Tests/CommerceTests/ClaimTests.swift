import Foundation
import Testing

@testable import Commerce

@Suite("Claims, by their facts")
struct ClaimTests {
    private static let start = Date(timeIntervalSince1970: 1_795_000_000)

    private static func day(_ days: Double) -> Date { start.addingTimeInterval(days * 86_400) }

    private static func standing(_ change: (inout ClaimStanding) -> Void = { _ in }) -> ClaimStanding {
        var standing = ClaimStanding(reportedAt: start)
        change(&standing)
        return standing
    }

    private static func refunding(_ standing: inout ClaimStanding) {
        standing.remedy = .refund
        standing.decidedAt = start
    }

    private static func settled(_ standing: inout ClaimStanding) {
        refunding(&standing)
        standing.isPaidBack = true
        standing.settlement = .refunded
    }

    @Test("a merchant who says nothing is reminded three times, the last time with a question")
    func reminders() {
        var memory = ClaimMemory()
        var now = Self.start
        var reminders: [String] = []
        for _ in 0..<20 {
            let move = Self.standing().move(at: now, remembering: memory)
            memory.note(move)
            switch move {
            case .remind(let phase, let round, let isLast):
                let day = Int(now.timeIntervalSince(Self.start) / 86_400)
                reminders.append("\(phase) \(round) \(isLast) day \(day)")
            case .wait(let moment):
                #expect(moment > now)
                now = moment
            default: Issue.record("unexpected: \(move)")
            }
        }
        #expect(
            reminders == ["decision 0 false day 2", "decision 1 false day 5", "decision 2 true day 10"])
    }

    @Test("the refund is made once, however often the run looks")
    func refundOnce() {
        var memory = ClaimMemory()
        let standing = Self.standing(Self.refunding)
        let first = standing.move(at: Self.day(1), remembering: memory)
        memory.note(first)

        #expect(first == .refund)
        guard case .wait = standing.move(at: Self.day(1), remembering: memory) else {
            Issue.record("it was tried again")
            return
        }
    }

    @Test("what somebody has paid back already is not refunded, whatever was decided")
    func paidBack() {
        let decided: [ClaimRemedy?] = [nil, .refund, .replacement, .refused]
        for remedy in decided {
            let standing = Self.standing {
                $0.remedy = remedy
                $0.isPaidBack = true
            }
            #expect(standing.move(at: Self.day(1), remembering: ClaimMemory()) == .settle(.refunded))
        }
    }

    @Test("while another refund is on its way none is made; when it fails it is the claim's to make")
    func promised() throws {
        var standing = Self.standing(Self.refunding)
        standing.isBeingPaidBack = true
        let waiting = standing.move(at: Self.day(1), remembering: ClaimMemory())
        standing.isBeingPaidBack = false
        let failed = standing.move(at: Self.day(2), remembering: ClaimMemory())
        // As journals have it that were written before the two were told apart.
        standing.isBeingPaidBack = nil
        let stored = try JSONDecoder().decode(ClaimStanding.self, from: JSONEncoder().encode(standing))

        #expect(waiting == .wait(until: Self.day(2)))
        #expect(failed == .refund)
        #expect(stored.move(at: Self.day(2), remembering: ClaimMemory()) == .refund)
    }

    @Test("while the bank decides nothing is refunded, and what it paid is the end of it")
    func bank() {
        let deciding = Self.standing {
            Self.refunding(&$0)
            $0.bank = .deciding
        }
        let paid = Self.standing {
            Self.refunding(&$0)
            $0.bank = .paid
        }

        #expect(
            deciding.move(at: Self.day(3), remembering: ClaimMemory()) == .wait(until: Self.day(4)))
        #expect(paid.move(at: Self.day(3), remembering: ClaimMemory()) == .settle(.paidByBank))
    }

    @Test("a replacement that the supplier will not send is the merchant's to solve at once")
    func noReplacement() {
        var memory = ClaimMemory()
        let promised = Self.standing {
            $0.remedy = .replacement
            $0.decidedAt = Self.start
        }
        #expect(promised.move(at: Self.day(1), remembering: memory) == .wait(until: Self.day(7)))

        var refused = promised
        refused.answer = .refused
        refused.answeredAt = Self.day(1)
        let move = refused.move(at: Self.day(1), remembering: memory)
        memory.note(move)

        #expect(move == .remind(.otherWay, round: 0, isLast: false))
        #expect(refused.move(at: Self.day(1), remembering: memory) == .wait(until: Self.day(6)))
        refused.isReplacementSent = true
        #expect(refused.move(at: Self.day(2), remembering: memory) == .settle(.replaced))
    }

    @Test(
        "what the supplier gives ends the claim, money after it was handed on",
        arguments: [
            (SupplierAnswer.credited, ClaimEnd.credited), (.borne, .borne), (.replaced, .replaced),
            (.refused, .supplierRefused),
        ])
    func answers(answer: SupplierAnswer, end: ClaimEnd) {
        var standing = Self.standing {
            Self.settled(&$0)
            $0.answer = answer
            $0.answeredAt = Self.day(20)
        }
        if answer.isMoney {
            #expect(standing.move(at: Self.day(20), remembering: ClaimMemory()) == .handOn)
            standing.isHandedOn = true
        }
        #expect(standing.move(at: Self.day(20), remembering: ClaimMemory()) == .close(end))
    }

    @Test("a supplier that never answers is asked for, then brought to a person, and after a year given up")
    func neverAnswered() {
        var memory = ClaimMemory()
        let standing = Self.standing(Self.settled)
        var now = Self.start
        var asked = 0
        while true {
            let move = standing.move(at: now, remembering: memory)
            memory.note(move)
            if case .remind(.supplier, _, _) = move { asked += 1 }
            if case .close(let end) = move {
                #expect(end == .unanswered)
                break
            }
            guard case .wait(let moment) = move else { continue }
            guard moment > now, moment <= Self.day(366) else {
                Issue.record("it waits until \(moment)")
                return
            }
            now = moment
        }
        #expect(asked == 3)
        #expect(now == Self.day(365))
    }

    @Test("of a refused claim nothing is asked of the supplier")
    func refused() {
        let standing = Self.standing {
            $0.remedy = .refused
            $0.settlement = .refused
        }
        #expect(standing.move(at: Self.day(1), remembering: ClaimMemory()) == .close(.refused))
    }

    @Test("the guarantee is two years, and three in Spain")
    func period() throws {
        let spain = try #require(CountryCode(rawValue: "ES"))
        #expect(ClaimPeriod(in: .romania).end(after: Self.start) == Self.day(731))
        #expect(ClaimPeriod(in: spain).end(after: Self.start) == Self.day(1_096))
    }
}

@Suite("What a supplier's credit is worth")
struct ClaimCreditTests {
    @Test(
        "in one currency: a part for a part, the whole for the whole, and what is above is the platform's",
        arguments: [
            (1_000, 1_000, 0, 2), (500, 500, 0, 1), (999, 999, 0, 1), (1_050, 1_000, 50, 2), (1, 1, 0, 0),
        ])
    func sameCurrency(credit: Int64, worth: Int64, surplus: Int64, units: Int) throws {
        let found = try ClaimCredit(
            credit: .eur(credit), withheld: .eur(1_000), cost: .eur(1_000), markedUpUnits: 2)

        #expect(found.worth == .eur(worth))
        #expect(found.surplus == .eur(surplus))
        #expect(found.markedUpUnits == units)
    }

    @Test("in two currencies: at the rate that the quote froze")
    func twoCurrencies() throws {
        let half = try ClaimCredit(
            credit: .eur(500), withheld: .ron(5_075), cost: .eur(1_000), markedUpUnits: 0)
        #expect(half.worth == .ron(2_538))
        #expect(half.surplus == .eur(0))
    }

    @Test("nothing, and another currency than the supplier's, are no credit")
    func refused() {
        #expect(throws: CommerceError.self) {
            try ClaimCredit(credit: .eur(0), withheld: .eur(10), cost: .eur(10), markedUpUnits: 0)
        }
        #expect(throws: CommerceError.self) {
            try ClaimCredit(credit: .ron(5), withheld: .eur(10), cost: .eur(10), markedUpUnits: 0)
        }
    }

    @Test(
        "what is above goes to those who paid it, the merchant's part by its share and never twice",
        arguments: [
            (1_200, 150, 150), (1_100, 150, 75), (1_000, 150, 0), (500, 150, 0), (1_300, 150, 150),
            (1_200, 40, 40), (1_200, 0, 0),
        ])
    func accepted(credit: Int64, left: Int64, returned: Int64) throws {
        let (supplier, store) = (SupplierID(), TenantID())
        let found = try ClaimCredit(
            credit: .eur(credit), withheld: .eur(1_000), cost: .eur(1_000), markedUpUnits: 1,
            overrun: SharedOverrun(whole: .eur(200), accepted: .eur(150), left: .eur(left)))

        let posted = try LedgerTransaction.claimCredited(
            OrderClaimID(), supplier: supplier, order: OrderID(), store: store, found, handedOn: found.worth,
            at: Date(timeIntervalSince1970: 0))

        #expect(found.accepted == .eur(returned))
        #expect(posted.change(of: .merchantReceivable(store), in: .eur) == .eur(-returned))
        #expect(posted.change(of: .supplierWallet(supplier), in: .eur) == .eur(credit))
    }

    @Test("its books balance whatever of it is handed on", arguments: [0, 400, 1_000])
    func books(handedOn: Int64) throws {
        let supplier = SupplierID()
        let credit = try ClaimCredit(
            credit: .eur(1_050), withheld: .eur(1_000), cost: .eur(1_000), markedUpUnits: 1)

        let posted = try LedgerTransaction.claimCredited(
            OrderClaimID(), supplier: supplier, order: OrderID(), store: TenantID(), credit,
            handedOn: .eur(handedOn), at: Date(timeIntervalSince1970: 0))

        #expect(posted.change(of: .supplierWallet(supplier), in: .eur) == .eur(1_050))
        #expect(posted.change(of: .supplierPayable(supplier), in: .eur) == .eur(-handedOn))
        #expect(posted.change(of: .expense(.supplierVariance), in: .eur) == .eur(handedOn - 1_050))
        #expect(posted.change(of: .clearing(.exchange), in: .eur) == .eur(0))
    }

    @Test("in two currencies each balances for itself")
    func booksOfTwo() throws {
        let supplier = SupplierID()
        let credit = try ClaimCredit(
            credit: .eur(1_050), withheld: .ron(5_075), cost: .eur(1_000), markedUpUnits: 1)

        let posted = try LedgerTransaction.claimCredited(
            OrderClaimID(), supplier: supplier, order: OrderID(), store: TenantID(), credit,
            handedOn: .ron(5_075), at: Date(timeIntervalSince1970: 0))

        #expect(posted.change(of: .expense(.supplierVariance), in: .eur) == .eur(-50))
        #expect(posted.change(of: .clearing(.exchange), in: .eur) == .eur(-1_000))
        #expect(posted.change(of: .supplierPayable(supplier), in: .ron) == .ron(-5_075))
    }
}
