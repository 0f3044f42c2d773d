// The keys of people, as those who start runs and send signals need them. A key that was looked up is
// kept for half a minute, so that a busy shop does not ask again for every start: for that long after an
// erasure a start may still use the dead key, and such a run ends unread as soon as a worker claims it.
// Workers keep no key beyond a run's stay: each claim brings it along.

import Crypto
import Durable
import Foundation
import Postgres
import Synchronization

/// The person a run is about, as its tenant knows them. An opaque id is best: it stands readable beside the
/// person's key until they are erased.
public struct Subject: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral,
    CustomStringConvertible
{
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public init(_ value: String) { rawValue = value }
    public init(stringLiteral value: String) { rawValue = value }
    public var description: String { rawValue }
}

/// Opens and makes the keys of people.
final class SubjectKeys: Sendable {
    let masters: MasterKeys?
    private let pool: PostgresPool
    private let clock: any DurableClock
    private let known = Mutex(KeyShelf(limit: shelfLimit, life: keyLife))

    private static let shelfLimit = 4_096
    static let keyLife: Duration = .seconds(30)

    init(_ masters: MasterKeys?, pool: PostgresPool, clock: any DurableClock = SystemClock()) {
        self.masters = masters
        self.pool = pool
        self.clock = clock
    }

    /// The key of a person, made if there is none.
    func cipher(of subject: Subject, tenant: Tenant) async throws -> SubjectCipher {
        let place = KeyShelf.Place(tenant: tenant.rawValue, subject: subject.rawValue)
        if let cipher = known.withLock({ $0.cipher(at: place, now: clock.uptime) }) { return cipher }
        guard let masters else { throw SubjectProblem.noMasterKeys }
        let id = UUID()
        let key = SymmetricKey(size: .bits256)
        let sealed = masters.seal(key, id: id, tenant: tenant.rawValue)
        // Two may make it at once; both go on with the one that is there afterwards.
        let results = try await pool.pipeline([
            """
            insert into engine.subject_key (id, tenant, subject, sealed)
            values (\(id), \(tenant.rawValue), \(subject.rawValue), \(sealed))
            on conflict (tenant, subject) do nothing
            """,
            """
            select id, sealed from engine.subject_key
            where tenant = \(tenant.rawValue) and subject = \(subject.rawValue)
            """,
        ])
        guard let row = results[1].first, let found = try SealedSubject(row, from: 0) else {
            throw SubjectProblem.erased
        }
        let cipher = try found.cipher(masters, tenant: tenant)
        known.withLock { $0.keep(cipher, at: place, now: clock.uptime) }
        return cipher
    }

    /// The cipher of a live run; nil where the run is about nobody, or has ended.
    func cipher(ofLive run: RunID) async throws -> SubjectCipher? {
        let rows = try await pool.execute(
            """
            select r.subject_key, k.sealed, r.tenant from engine.run r
            left join engine.subject_key k on k.id = r.subject_key where r.id = \(run.rawValue)
            """)
        guard let row = rows.first, let subject = try SealedSubject(row, from: 0) else { return nil }
        return try subject.cipher(masters, tenant: Tenant(try row.decode(2, as: String.self)))
    }

    /// Forgets a key here at once; the other processes do so within `keyLife`.
    func forget(_ subject: Subject, tenant: Tenant) {
        known.withLock { $0.drop(KeyShelf.Place(tenant: tenant.rawValue, subject: subject.rawValue)) }
    }
}

/// Open keys for a short while, and not many of them.
struct KeyShelf {
    struct Place: Hashable {
        let tenant: String
        let subject: String
    }

    private let limit: Int
    private let life: Duration
    private var kept: [Place: (cipher: SubjectCipher, until: Duration)] = [:]

    init(limit: Int, life: Duration) {
        self.limit = limit
        self.life = life
    }

    var count: Int { kept.count }

    func cipher(at place: Place, now: Duration) -> SubjectCipher? {
        guard let entry = kept[place], now < entry.until else { return nil }
        return entry.cipher
    }

    mutating func keep(_ cipher: SubjectCipher, at place: Place, now: Duration) {
        if kept.count >= limit {
            kept = kept.filter { now < $0.value.until }
            // All of them are young: start over rather than sort.
            if kept.count >= limit { kept = [:] }
        }
        kept[place] = (cipher, now + life)
    }

    mutating func drop(_ place: Place) { kept[place] = nil }
}
