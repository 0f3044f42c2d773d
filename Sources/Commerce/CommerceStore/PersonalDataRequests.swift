package import Commerce
package import Foundation
internal import Postgres

// What people have asked about their data and what became of it. A request must prove later that it was
// answered and must not keep what was erased: so the address stands in it sealed, only until the answer, and
// what stays is a code over it that nobody can turn back.

package struct PersonalDataRequest: Sendable, Equatable {
    package let id: PersonalDataRequestID
    package let kind: PersonalDataKind
    package let about: PersonalDataSubject
    package let askedBy: PersonalDataAsker
    package let language: Language
    package let status: PersonalDataStatus
    package let holds: [PersonalDataHold]
    /// Rows found or erased, by table.
    package let counts: [String: Int]
    package let askedAt: Date
    package let answeredAt: Date?
}

package struct PersonalDataRequests: Sendable {
    /// How long the link in the first letter holds.
    package static let proofLifetime: Duration = .seconds(24 * 3_600)

    let credentials: Credentials

    package init(_ credentials: Credentials) {
        self.credentials = credentials
    }

    package struct Draft: Sendable {
        package let kind: PersonalDataKind
        package let about: PersonalDataSubject
        package let askedBy: PersonalDataAsker
        /// Who pressed the button, as the audit names them; never the person's own address.
        package let actor: String
        package let contact: EmailAddress
        package let language: Language

        package init(
            _ kind: PersonalDataKind, of contact: EmailAddress, about: PersonalDataSubject = .shopper,
            askedBy: PersonalDataAsker, actor: String, language: Language
        ) {
            self.kind = kind
            self.about = about
            self.askedBy = askedBy
            self.actor = actor
            self.contact = contact
            self.language = language
        }
    }

    /// Notes a request that waits for its link to be followed. The letter carries `LetterTokens.mark(of:)` of
    /// the id.
    package func openUnproven(
        _ draft: Draft, at now: Date, in room: Transaction<OneTenant>
    ) async throws -> PersonalDataRequestID {
        let id = PersonalDataRequestID()
        let proof = try LetterTokens(credentials).token(of: id.rawValue).hash
        let until = now.addingTimeInterval(Self.proofLifetime.timeInterval)
        try await insert(id, draft, .unproven, proof: proof, until: until, at: now, in: room)
        return id
    }

    /// Notes a request that is worked on at once, or finds the same one that is under way. `isFirst` is true
    /// for the one who made it.
    package func open(
        _ draft: Draft, at now: Date, in room: Transaction<OneTenant>
    ) async throws -> (request: PersonalDataRequest, isFirst: Bool) {
        if let known = try await underWay(draft.kind, of: draft.contact, in: room) { return (known, false) }
        let id = PersonalDataRequestID()
        try await insert(id, draft, .running, proof: nil, until: nil, at: now, in: room)
        try await note("asked", id, by: draft.actor, in: room)
        return (try await load(id, in: room), true)
    }

    /// The request that this link proves, with its row held; nil when it was used, is too old, or never was.
    package func unproven(
        _ token: SecretToken, at now: Date, in room: Transaction<OneTenant>
    ) async throws -> PersonalDataRequest? {
        try await room.first(
            """
            select * from shop.personal_data_request
            where tenant_id = \(room.tenantUUID) and proof_hash = \(token.hash) and status = 'unproven'
                and proof_until > \(now) for update
            """
        ).map(PersonalDataRequest.init(row:))
    }

    /// The link was followed: the request is worked on from now on. Nil when the same is under way already,
    /// which then answers for both.
    package func begin(
        _ id: PersonalDataRequestID, in room: Transaction<OneTenant>
    ) async throws -> PersonalDataRequest? {
        let request = try await load(id, in: room)
        let contact = try await contact(of: id, in: room)
        if try await underWay(request.kind, of: contact, in: room) != nil {
            try await end(id, .lapsed, at: request.askedAt, in: room)
            return nil
        }
        try await change(id, "set status = 'running', proof_hash = null, proof_until = null", in: room)
        try await note("proven", id, by: "the person", in: room)
        return try await load(id, in: room)
    }

    package func load(
        _ id: PersonalDataRequestID, in room: Transaction<OneTenant>
    ) async throws -> PersonalDataRequest {
        let found = try await room.first(
            """
            select * from shop.personal_data_request
            where tenant_id = \(room.tenantUUID) and id = \(id.rawValue)
            """)
        guard let row = found else { throw StoreError.notFound(.personalDataRequest, "\(id)") }
        return try PersonalDataRequest(row: row)
    }

    /// Newest first; those that nobody has proven yet are nobody's business.
    package func recent(
        limit: Int = 50, in room: Transaction<OneTenant>
    ) async throws -> [PersonalDataRequest] {
        try await room.execute(
            """
            select * from shop.personal_data_request
            where tenant_id = \(room.tenantUUID) and status <> 'unproven'
            order by asked_at desc, id desc limit \(limit)
            """
        ).rows.map(PersonalDataRequest.init(row:))
    }

    /// Whose data it is about. Throws `notFound` once the request is answered.
    package func contact(
        of id: PersonalDataRequestID, in room: Transaction<OneTenant>
    ) async throws -> EmailAddress {
        let found = try await room.first(
            """
            select contact, contact_key from shop.personal_data_request
            where tenant_id = \(room.tenantUUID) and id = \(id.rawValue) and contact is not null
            """)
        guard let row = found else { throw StoreError.notFound(.personalDataRequest, "\(id)") }
        let plain = try credentials.open(
            row.decode("contact"), keyID: row.decode("contact_key"), for: Self.place(id, room.tenant))
        return EmailAddress(unchecked: String(decoding: plain, as: UTF8.self))
    }

    /// What holds an erasure up now.
    package func wait(
        _ id: PersonalDataRequestID, for holds: [PersonalDataHold], in room: Transaction<OneTenant>
    ) async throws {
        try await change(
            id, "set status = 'waiting', holds = \(holds.map(\.rawValue))", in: room)
    }

    package func noteCounts(
        _ counts: [String: Int], of id: PersonalDataRequestID, in room: Transaction<OneTenant>
    ) async throws {
        try await change(
            id, "set status = 'running', holds = '{}', counts = \(try JSONB(encoding: counts))", in: room)
    }

    /// With the data go the copies of them, and whatever else was asked about the same person.
    package func lapseOthers(than id: PersonalDataRequestID, in room: Transaction<OneTenant>) async throws {
        let others: Query = """
            in (select other.id from shop.personal_data_request mine
                join shop.personal_data_request other
                    on other.tenant_id = mine.tenant_id and other.subject = mine.subject
                where mine.tenant_id = \(room.tenantUUID) and mine.id = \(id.rawValue)
                    and other.id <> mine.id)
            """
        try await room.execute(
            "delete from shop.personal_data_document where tenant_id = \(room.tenantUUID) and request_id "
                + others)
        try await room.execute(
            """
            update shop.personal_data_request set contact = null, contact_key = null, proof_hash = null,
                status = case when status in ('unproven', 'running', 'waiting', 'ready') then 'lapsed'
                    else status end
            where tenant_id = \(room.tenantUUID) and id 
            """ + others)
    }

    /// The answer: nothing is left in the request that names anybody, except for a copy that can still be
    /// fetched.
    package func end(
        _ id: PersonalDataRequestID, _ status: PersonalDataStatus, at now: Date,
        in room: Transaction<OneTenant>
    ) async throws {
        try await change(
            id,
            """
            set status = \(status.rawValue), contact = null, contact_key = null, proof_hash = null,
                answered_at = coalesce(answered_at, \(now))
            """, in: room)
        try await note(status.rawValue, id, by: "personal_data", in: room)
    }

    /// Two who ask about one person at the same time take turns.
    private func underWay(
        _ kind: PersonalDataKind, of contact: EmailAddress, in room: Transaction<OneTenant>
    ) async throws -> PersonalDataRequest? {
        let subject = try PersonSubject(contact, in: room.tenant, credentials).code
        try await room.execute(
            "select pg_advisory_xact_lock(hashtextextended(\(subject.base64EncodedString()), 25))")
        return try await room.first(
            """
            select * from shop.personal_data_request
            where tenant_id = \(room.tenantUUID) and subject = \(subject) and kind = \(kind.rawValue)
                and status in ('running', 'waiting')
            """
        ).map(PersonalDataRequest.init(row:))
    }

    private func insert(
        _ id: PersonalDataRequestID, _ draft: Draft, _ status: PersonalDataStatus, proof: Data?,
        until: Date?, at now: Date, in room: Transaction<OneTenant>
    ) async throws {
        let subject = try PersonSubject(draft.contact, in: room.tenant, credentials).code
        let contact = try credentials.seal(
            Data(draft.contact.rawValue.utf8), for: Self.place(id, room.tenant))
        try await room.execute(
            """
            insert into shop.personal_data_request (tenant_id, id, kind, about, asked_by, actor, subject,
                contact, contact_key, locale, proof_hash, proof_until, status, asked_at)
            values (\(room.tenantUUID), \(id.rawValue), \(draft.kind.rawValue), \(draft.about.rawValue),
                \(draft.askedBy.rawValue), \(draft.actor), \(subject), \(contact.sealed), \(contact.keyID),
                \(draft.language.rawValue), \(proof), \(until), \(status.rawValue), \(now))
            """)
    }

    private func change(
        _ id: PersonalDataRequestID, _ assignments: Query, in room: Transaction<OneTenant>
    ) async throws {
        let changed = try await room.execute(
            "update shop.personal_data_request " + assignments
                + " where tenant_id = \(room.tenantUUID) and id = \(id.rawValue)")
        guard changed.affected == 1 else { throw StoreError.notFound(.personalDataRequest, "\(id)") }
    }

    /// Only stores have an audit trail; a person's own room has the request itself.
    private func note(
        _ what: String, _ id: PersonalDataRequestID, by actor: String, in room: Transaction<OneTenant>
    ) async throws {
        let request = try await load(id, in: room)
        guard request.about == .shopper else { return }
        try await Audit().record(
            actor: actor, action: "personal_data.\(request.kind.rawValue).\(what)",
            target: "personal_data_request:\(id)", reason: nil, in: room)
    }

    static func place(_ id: PersonalDataRequestID, _ tenant: TenantID) -> String {
        "personal data contact \(tenant) \(id)"
    }
}

/// A person as codes know them: what tells two requests apart, and what a run's history is sealed under.
package struct PersonSubject: Sendable {
    let code: Data
    /// As the engine knows the person: it stands readable beside their key, and says nothing.
    package let name: String

    package init(_ email: EmailAddress, in tenant: TenantID, _ credentials: Credentials) throws {
        code = credentials.code(over: "person \(tenant) \(email.canonical)")
        name = "person:" + code.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}

extension PersonalDataRequest {
    fileprivate init(row: Row) throws {
        id = try row.id("id")
        kind = try row.raw("kind")
        about = try row.raw("about")
        askedBy = try row.raw("asked_by")
        language = try row.raw("locale")
        status = try row.raw("status")
        holds = try row.decode("holds", as: [String].self).compactMap(PersonalDataHold.init(rawValue:))
        counts = try row.json("counts")
        askedAt = try row.decode("asked_at")
        answeredAt = try row.decode("answered_at")
    }
}
