import Durable
import DurableTesting
import Foundation
import Testing

@Suite("Failures")
struct FailureRecordTests {
    @Test(
        "failures of one cause share a fingerprint, whatever differs from run to run",
        arguments: [
            ("no price for SKU 88-120", "no price for SKU 17-3"),
            ("order 0199c2f0-1111-7aaa-8bbb-000000000001 is gone", "order deadbeef-cafe-abcd is gone"),
            ("got 503 after 1.25 s", "got 504 after 12 s"),
            ("no such key 'acme' in \"prices\"", "no such key 'other shop' in \"stock\""),
            ("2026-11-23T04:14:37Z was too late", "2027-01-01T00:00:00Z was too late"),
            ("mail to ana@shop.ro bounced", "mail to bob@shop.ro bounced"),
        ])
    func oneCause(left: String, right: String) {
        #expect(Fingerprint.masked(left) == Fingerprint.masked(right))
        let first = FailureRecord(code: "x", message: left, step: "load[7]")
        let second = FailureRecord(code: "x", message: right, step: "load[8]")
        #expect(first.fingerprint == second.fingerprint)
    }

    @Test("what makes another cause makes another fingerprint")
    func otherCauses() {
        let base = FailureRecord(code: "x", message: "the card was declined", step: "charge")
        let others = [
            FailureRecord(code: "y", message: "the card was declined", step: "charge"),
            FailureRecord(code: "x", message: "the card has expired", step: "charge"),
            FailureRecord(code: "x", message: "the card was declined", step: "refund"),
            FailureRecord(code: "x", message: "the card was declined"),
        ]

        #expect(Set(others.map(\.fingerprint) + [base.fingerprint]).count == 5)
        #expect(base.fingerprint.rawValue.count == 16)
    }

    @Test("an apostrophe opens no quotation, and words of letters from a to f stay")
    func words() {
        #expect(Fingerprint.masked("can't find it, don't ask") == "can't find it, don't ask")
        #expect(Fingerprint.masked("added a dead face") == "added a dead face")
        #expect(Fingerprint.masked("an 'open quote") == "an 'open quote")
    }

    @Test("a fingerprint is the same on every machine and in every release")
    func stable() {
        let record = FailureRecord(code: "declined", message: "card 4242 was declined", step: "charge[3]")
        #expect(record.fingerprint.rawValue == "3cb8a7b62d8ce55b")
    }

    @Test("a record from before there were fingerprints decodes and gets one")
    func old() throws {
        let json = Data(#"{"code": "declined", "message": "card 17 was declined", "step": "charge"}"#.utf8)

        let record = try JSONDecoder().decode(FailureRecord.self, from: json)

        #expect(
            record
                == FailureRecord(code: "declined", message: "card 18 was declined", step: "charge").saying(17)
        )
        #expect(record.owner == nil)
        let again = try JSONDecoder().decode(FailureRecord.self, from: JSONEncoder().encode(record))
        #expect(again == record)
    }

    @Test("an error that a person must decide about parks the run for its owner, with nothing undone")
    func owner() async throws {
        let outside = Outside()
        var registry = WorkflowRegistry()
        registry.register(
            Sample { _, flow in
                _ = try await flow.step(.one) { _ in
                    1
                } undo: { _, _ in
                    outside.call("undone")
                }
                return try await flow.step(.two, for: 7) { _ -> String in
                    throw NeedsAttention("invoice 12 is in doubt", owner: "finance", code: "in_doubt")
                }
            })
        let fleet = TestFleet(registry)
        let run = try fleet.journal.start(Sample.self, 1)

        try await fleet.settle()

        guard case .needsAttention(let failure) = fleet.journal.outcome(of: run) else {
            Issue.record("the run did not ask for attention")
            return
        }
        #expect(failure.owner == "finance")
        #expect(failure.code == "in_doubt")
        #expect(failure.step == "two[7]")
        #expect(failure.message == "invoice 12 is in doubt")
        #expect(outside.all.isEmpty)
    }

    @Test("thrown between steps it parks the run too, and a body may catch it to take another path")
    func betweenSteps() async throws {
        var registry = WorkflowRegistry()
        registry.register(
            Sample { input, flow in
                if input == 1 { throw NeedsAttention("no shop has this address") }
                do {
                    return try await flow.step(.one) { _ -> String in throw NeedsAttention("ask somebody") }
                } catch let failed as StepFailed where failed.code == "needs_attention" {
                    return "went on"
                }
            })
        let fleet = TestFleet(registry)
        let first = try fleet.journal.start(Sample.self, 1)
        let second = try fleet.journal.start(Sample.self, 2)

        try await fleet.settle()

        guard case .needsAttention(let failure) = fleet.journal.outcome(of: first) else {
            Issue.record("the run did not ask for attention")
            return
        }
        #expect(failure.owner == .operator)
        #expect(fleet.journal.outcome(of: second) == .succeeded(Payload(json: "\"went on\"")))
    }
}

extension FailureRecord {
    /// The same with another number in its message, which its fingerprint does not see.
    fileprivate func saying(_ number: Int) -> FailureRecord {
        FailureRecord(code: code, message: message.replacing("18", with: "\(number)"), step: step)
    }
}
