// What is recorded of a run that is about a person is sealed before it reaches the journal and opened
// after it left it, so that nothing between knows the difference: inputs, step outputs, signals,
// progress, details, results, and the words of errors. Names of steps, items, codes and times stay
// readable, because operators and the fleet work with them; keep ids there and no names of people. Every
// value is bound to where it stands: one that is copied to another run, step or item does not open.

import Crypto
import Durable
import Foundation
import Postgres

/// Where a sealed value stands.
struct SealedPlace: Sendable {
    enum Role: String { case input, step, attempt, detail, signal, progress, output, error, wait }

    let run: RunID
    let role: Role
    var name = ""
    var item = ""

    var binding: Data { SealedBytes.binding([role.rawValue, run.description, name, item]) }

    static func step(_ run: RunID, _ key: StepKey, _ role: Role = .step) -> SealedPlace {
        SealedPlace(run: run, role: role, name: key.name, item: key.item)
    }
}

/// The key of one person, open.
struct SubjectCipher: Sendable {
    let id: UUID
    private let key: SymmetricKey

    /// Words that begin with this are sealed.
    private static let mark = "sealed:"

    init(id: UUID, key: SymmetricKey) {
        self.id = id
        self.key = key
    }

    func seal(_ payload: Payload, at place: SealedPlace) -> Payload {
        let text = SealedBytes.seal(payload.bytes, under: key, bound: place.binding)
        return Payload(json: "{\"sealed\":\"\(text)\"}")
    }

    func open(_ stored: Payload, at place: SealedPlace) throws(SubjectProblem) -> Payload {
        guard let envelope = SealedEnvelope(stored),
            let bytes = SealedBytes.open(envelope.sealed, under: key, bound: place.binding)
        else { throw .unreadable("the \(place.role.rawValue) of \(place.run) \(place.name)") }
        return Payload(json: [UInt8](bytes))
    }

    func seal(_ words: String, at place: SealedPlace) -> String {
        Self.mark + SealedBytes.seal(Array(words.utf8), under: key, bound: place.binding)
    }

    /// Words without the mark are the engine's own, such as those of a run that was set aside.
    func open(words stored: String, at place: SealedPlace) throws(SubjectProblem) -> String {
        guard stored.hasPrefix(Self.mark) else { return stored }
        let text = String(stored.dropFirst(Self.mark.count))
        guard let bytes = SealedBytes.open(text, under: key, bound: place.binding) else {
            throw .unreadable("the \(place.role.rawValue) of \(place.run) \(place.name)")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Whether words are sealed, for those who have no key.
    static func isSealed(_ words: String) -> Bool { words.hasPrefix(mark) }
}

/// What a sealed payload looks like in the database.
struct SealedEnvelope: Codable {
    let sealed: String

    init?(_ payload: Payload) {
        // Not of this form means not sealed, and that is the whole answer.
        guard let envelope = try? JSONDecoder().decode(SealedEnvelope.self, from: Data(payload.bytes)) else {
            return nil
        }
        self = envelope
    }
}

/// A person's key as a row brings it: beside a run, or alone. `sealed` is nil once the person was erased.
struct SealedSubject: Sendable, Hashable {
    let id: UUID
    let sealed: String?

    /// Reads the key's id and its sealed form from two columns beginning at `column`; nil for a run that is
    /// about nobody.
    init?(_ row: Row, from column: Int) throws {
        guard let id = try row.decode(column, as: UUID?.self) else { return nil }
        self.init(id: id, sealed: try row.decode(column + 1, as: String?.self))
    }

    init(id: UUID, sealed: String?) {
        self.id = id
        self.sealed = sealed
    }

    func cipher(_ masters: MasterKeys?, tenant: Tenant) throws(SubjectProblem) -> SubjectCipher {
        guard let sealed else { throw .erased }
        guard let masters else { throw .noMasterKeys }
        return SubjectCipher(id: id, key: try masters.open(sealed, id: id, tenant: tenant.rawValue))
    }
}
