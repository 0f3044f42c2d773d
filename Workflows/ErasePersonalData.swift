// Makes unreadable what names a person. While an order, a refund, a dispute or a paper still needs the data
// the run waits, looks again every day, and tells the person why; after three months, which is as long as the
// law lets anybody take, it gives up and says so. The look and the erasure are one transaction, so nothing
// can begin in between. What stays is listed in `KeptByLaw`. The last letter is on record nowhere: a row
// about it would hold the address that was just erased.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import Resend

/// Answers a request for erasure.
package struct ErasePersonalData: Workflow {
    package static let name: WorkflowName = "erase_personal_data"

    package enum Step: String, WorkflowStep { case erase, forget, tell, close }

    package struct Input: Codable, Sendable {
        package let request: PersonalDataRequestID
        package init(request: PersonalDataRequestID) { self.request = request }
    }

    package enum Output: String, Codable, Sendable {
        case erased
        /// Something held it up to the end.
        case refused
    }

    private struct Look: Codable, Sendable {
        /// Empty: it is erased.
        let holds: [PersonalDataHold]
        let mayWrite: Bool
    }

    private static let pause: Duration = .seconds(86_400)
    /// One month, and the two by which it may be extended (article 12(3)).
    private static let rounds = 90

    let shop: Shop

    package func run(_ input: Input, _ flow: Flow<Self>) async throws -> Output {
        var look = try await erase(input.request, 1, flow)
        for round in 2...Self.rounds where !look.holds.isEmpty {
            try await flow.sleep(for: Self.pause, as: "something that is still open")
            look = try await erase(input.request, round, flow)
        }
        if look.holds.isEmpty {
            _ = try await flow.step(.forget, retry: .patient) { _ in
                let person = try await subject(of: input.request, flow.tenant)
                try await shop.sealedHistory.forget(person, of: flow.tenant)
                return Nothing()
            }
        }
        if look.mayWrite {
            try await tell(look.holds.isEmpty ? .erased : .refused(look.holds), input.request, flow)
        }
        let output: Output = look.holds.isEmpty ? .erased : .refused
        try await flow.write(.close, in: shop) { room in
            try await shop.personalData.end(
                input.request, output == .erased ? .done : .refused, at: shop.clock.now, in: room)
        }
        return output
    }

    private func erase(
        _ id: PersonalDataRequestID, _ round: Int, _ flow: Flow<Self>
    ) async throws -> Look {
        try await flow.transaction(.erase, for: round, on: shop.transactions) { room in
            let request = try await shop.personalData.load(id, in: room)
            let look: Look
            let counts: [String: Int]
            switch request.about {
            case .shopper:
                let person = try await shop.personalData.contact(of: id, in: room)
                let data = try await ShopperData(person, in: room)
                let holds = try await data.holds(at: shop.clock.now)
                look = Look(holds: holds, mayWrite: try await data.mayBeWritten())
                counts = holds.isEmpty ? try await data.erase() : [:]
            case .user:
                let data = UserData(in: room)
                look = Look(holds: try await data.holds(), mayWrite: true)
                counts = look.holds.isEmpty ? try await data.erase() : [:]
            }
            if look.holds.isEmpty {
                try await shop.personalData.lapseOthers(than: id, in: room)
                try await shop.personalData.noteCounts(counts, of: id, in: room)
                return look
            }
            try await shop.personalData.wait(id, for: look.holds, in: room)
            if round == 1 {
                try await shop.write(.waits(look.holds), "personal-data-waits", about: request, in: room)
            }
            return look
        }
    }

    private func subject(of id: PersonalDataRequestID, _ tenant: Tenant) async throws -> PersonSubject {
        try await shop.inStore(tenant) { room in
            try PersonSubject(
                try await shop.personalData.contact(of: id, in: room), in: room.tenant, shop.credentials)
        }
    }

    /// The vendor's key holds for a day, and so long it is tried. What the vendor says about a refusal may
    /// name the address, so nothing of it is kept.
    private func tell(
        _ news: PersonalDataLetter.News, _ id: PersonalDataRequestID, _ flow: Flow<Self>
    ) async throws {
        let patience = RetryPolicy(attempts: nil, within: .seconds(20 * 3_600), cap: .seconds(300))
        do {
            _ = try await flow.step(.tell, retry: patience) { attempt in
                let message = try await shop.inStore(flow.tenant) { room in
                    let request = try await shop.personalData.load(id, in: room)
                    let (name, replyTo) = try await shop.signature(of: request, in: room)
                    let letter = PersonalDataLetter(news, request.language, sender: name)
                    var message = OutgoingMessage(
                        sender: OutgoingMessage.sender(name, at: shop.sender),
                        recipients: [try await shop.personalData.contact(of: id, in: room)],
                        subject: letter.subject, html: letter.html, text: letter.plain)
                    message.replyTo = replyTo.flatMap { EmailAddress(rawValue: $0) }
                    message.tags = ["letter": "personal-data"]
                    return RenderedMessage(message)
                }
                try await attempt.announce()
                do throws(ResendFailure) {
                    _ = try await shop.resend.send(message, key: "personal-data/\(id)")
                } catch {
                    throw LetterNotTaken(disposition: error.disposition)
                }
                return Nothing()
            }
        } catch is StepFailed {
            return
        }
    }
}

/// The vendor did not take a letter; why is not said, because it may name the person.
private struct LetterNotTaken: Classified, CustomStringConvertible {
    let disposition: Disposition
    var code: String { "personal_data.letter" }
    var description: String { "the mail vendor did not take the letter" }
}
