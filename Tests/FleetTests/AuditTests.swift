import Durable
import Foundation
import Postgres
import TestServers
import Testing

@testable import Fleet

@Suite("Audit")
struct AuditTests {
    /// A database of its own, with the address of an administrator who may do what nobody should.
    struct Forge {
        let pool: PostgresPool
        let admin: PostgresConnection

        init() async throws {
            let template = try await TestServers.shared.template(named: "engine") {
                try await FleetUnderTest.migrate($0)
            }
            let database = try await TestServers.shared.createDatabase(from: template)
            pool = PostgresPool(try PostgresConfiguration(database.url(role: "cartflux_engine")), size: 4)
            admin = try await PostgresConnection.connect(
                PostgresConfiguration(database.url(role: "postgres")))
        }

        func write(_ many: Int) async throws {
            for number in 1...many {
                try await pool.withTransaction { tx in
                    let entry = AuditEntry(
                        "retry", on: "run-\(number)", by: try Mandate(actor: "ană", reason: "\"because\""),
                        before: ["status": "failed"], after: ["status": "pending", "epoch": "\(number)"])
                    _ = try await Audit.append(entry, in: tx)
                }
            }
        }

        /// Changes the table as only an administrator can, past the triggers.
        func forge(_ statement: Query) async throws {
            _ = try await admin.execute("set session_replication_role = replica")
            _ = try await admin.execute(statement)
        }

        func faults() async throws -> [AuditFault] { try await Audit.verify(in: pool).faults }
    }

    @Test("a chain that nobody touched is whole, and its end can be noted down")
    func whole() async throws {
        let forge = try await Forge()
        try await forge.write(5)
        let report = try await Audit.verify(in: forge.pool)
        try await forge.write(3)

        #expect(report.faults.isEmpty && report.rows == 5)
        #expect(try await Audit.verify(anchor: report.head.anchor, in: forge.pool).faults.isEmpty)
        let rows = try await Audit.list(from: forge.pool)
        #expect(rows.map(\.number) == [8, 7, 6, 5, 4, 3, 2, 1])
        #expect(
            rows.last?.reason == "\"because\"" && rows.last?.after == #"{"epoch":"1","status":"pending"}"#)
    }

    @Test("an act elsewhere leaves its row only where it was done")
    func elsewhere() async throws {
        struct Refused: Error {}
        let forge = try await Forge()
        let entry = AuditEntry(
            "admin.enable", on: "ana@example.test", by: try Mandate(actor: "root", reason: "is back"))

        #expect(try await Audit.recording(entry, in: forge.pool) { nil as Int? } == nil)
        await #expect(throws: Refused.self) {
            _ = try await Audit.recording(entry, in: forge.pool) { () async throws -> Int? in throw Refused()
            }
        }
        #expect(try await Audit.list(from: forge.pool).isEmpty)

        #expect(try await Audit.recording(entry, in: forge.pool) { 7 as Int? } == 7)

        let rows = try await Audit.list(from: forge.pool)
        #expect(rows.map(\.verb) == ["admin.enable"] && rows.first?.reason == "is back")
        #expect(try await Audit.verify(in: forge.pool).faults.isEmpty)
    }

    @Test("writers at the same time make one chain")
    func concurrent() async throws {
        let forge = try await Forge()

        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { try await forge.write(10) } }
            try await group.waitForAll()
        }

        let report = try await Audit.verify(in: forge.pool)
        #expect(report.faults.isEmpty && report.rows == 80)
    }

    struct Forgery: Sendable, CustomStringConvertible {
        let description: String
        let statement: Query
        let fault: AuditFault
    }

    static let forgeries: [Forgery] = [
        made("another reason", .changed(3), "update engine.audit set reason = 'no' where number = 3"),
        made(
            "another instant", .changed(3),
            "update engine.audit set at = at + interval '1 microsecond' where number = 3"),
        made(
            "other facts", .changed(3),
            #"update engine.audit set after = '{"status":"failed"}' where number = 3"#),
        made(
            "a space in the facts", .changed(3),
            "update engine.audit set after = (after::text || ' ')::json where number = 3"),
        made("a row less", .missing(3...3), "delete from engine.audit where number = 3"),
        made("the first row less", .missing(1...1), "delete from engine.audit where number = 1"),
        made(
            "the last row less", .wrongEnd(expected: 6, found: 5),
            "delete from engine.audit where number = 6"),
        made(
            "the last row less, and the noted end too", .changed(5),
            """
            with gone as (delete from engine.audit where number = 6)
            update engine.audit_head set number = 5
            """),
    ]

    static func made(_ description: String, _ fault: AuditFault, _ statement: Query) -> Forgery {
        Forgery(description: description, statement: statement, fault: fault)
    }

    @Test("every forgery is found where it was made", arguments: forgeries)
    func forgery(_ forgery: Forgery) async throws {
        let forge = try await Forge()
        try await forge.write(6)

        try await forge.forge(forgery.statement)

        let faults = try await forge.faults()
        #expect(faults.contains(forgery.fault), "\(faults)")
    }

    @Test("swapped rows do not follow each other")
    func swapped() async throws {
        let forge = try await Forge()
        try await forge.write(6)

        try await forge.forge("update engine.audit set number = number + 100 where number in (3, 4)")
        try await forge.forge("update engine.audit set number = 107 - number where number in (103, 104)")

        #expect(try await forge.faults().contains(.broken(3)))
    }

    @Test("a chain that was written anew from the start is found by what was noted down")
    func rewritten() async throws {
        let forge = try await Forge()
        try await forge.write(4)
        let anchor = try await Audit.verify(in: forge.pool).head.anchor

        try await forge.forge("delete from engine.audit")
        try await forge.forge(
            "update engine.audit_head set number = 0, hash = decode(repeat('00', 32), 'hex')")
        try await forge.write(4)

        #expect(try await forge.faults().isEmpty)
        #expect(try await Audit.verify(anchor: anchor, in: forge.pool).faults == [.rewritten(4)])
    }

    @Test(
        "the engine's own role can only add",
        arguments: [
            "update engine.audit set reason = 'x'", "delete from engine.audit", "truncate engine.audit",
            "update engine.audit_head set number = 1", "delete from engine.audit_head",
        ])
    func insertOnly(_ statement: String) async throws {
        let forge = try await Forge()
        try await forge.write(2)

        await #expect(throws: PostgresError.self) {
            try await forge.pool.execute("\(raw: statement)")
        }
        await #expect(throws: PostgresError.self) {
            try await forge.admin.execute("\(raw: statement)")
        }
    }

    @Test("an act that is rolled back leaves no row")
    func rolledBack() async throws {
        let forge = try await Forge()
        try await forge.write(1)
        struct Undecided: Error {}

        await #expect(throws: Undecided.self) {
            try await forge.pool.withTransaction { tx in
                _ = try await Audit.append(
                    AuditEntry("retry", on: "r", by: try Mandate(actor: "a", reason: "b")), in: tx)
                throw Undecided()
            }
        }

        #expect(try await Audit.verify(in: forge.pool).rows == 1)
        try await forge.write(1)
        #expect(try await forge.faults().isEmpty)
    }
}
