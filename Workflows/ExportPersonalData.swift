// Puts together what is kept about a person, for the person to read and to take elsewhere. The copy is sealed
// and goes by itself after a week. Nothing of it is in the run's own records: they name the request alone.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials

/// Answers a request for a copy.
package struct ExportPersonalData: Workflow {
    package static let name: WorkflowName = "export_personal_data"

    package enum Step: String, WorkflowStep { case gather, expire }

    package struct Input: Codable, Sendable {
        package let request: PersonalDataRequestID
        package init(request: PersonalDataRequestID) { self.request = request }
    }

    package typealias Output = Nothing

    let shop: Shop

    package func run(_ input: Input, _ flow: Flow<Self>) async throws -> Nothing {
        let expiry = try await flow.transaction(.gather, on: shop.transactions) { room in
            try await gather(input.request, in: room)
        }
        guard let expiry else { return Nothing() }
        try await flow.sleep(until: expiry, as: "the copy expires")
        try await flow.write(.expire, in: shop) { room in
            try await PersonalDataDocuments(shop.credentials).remove(input.request, in: room)
            try await shop.personalData.end(input.request, .lapsed, at: shop.clock.now, in: room)
        }
        return Nothing()
    }

    /// Returns until when the copy can be fetched; nil where the person was erased meanwhile.
    private func gather(
        _ id: PersonalDataRequestID, in room: Transaction<OneTenant>
    ) async throws -> Date? {
        let now = shop.clock.now
        let request = try await shop.personalData.load(id, in: room)
        guard request.status.isOpen else { return nil }
        let copy: String
        var counts: [String: Int] = [:]
        switch request.about {
        case .shopper:
            let person = try await shop.personalData.contact(of: id, in: room)
            let data = try await ShopperData(person, in: room)
            (copy, counts) = (try await data.copy(at: now), data.counts)
        case .user: copy = try await UserData(in: room).copy(at: now)
        }
        let kept = try await PersonalDataDocuments(shop.credentials).keep(copy, for: id, at: now, in: room)
        try await shop.personalData.noteCounts(counts, of: id, in: room)
        // A merchant fetches the copy from the dashboard, and a user from the account's page.
        if request.askedBy == .person, request.about == .shopper {
            let store = try await Stores().load(in: room)
            let link =
                "\(shop.pages.store(store))/personal-data/copy?token=\(LetterTokens.mark(of: kept.link))"
            try await shop.write(
                .copyReady(link: link, days: PersonalDataDocuments.daysKept), "personal-data-copy",
                about: request, in: room)
        }
        try await shop.personalData.end(id, .ready, at: now, in: room)
        return kept.expiresAt
    }
}
