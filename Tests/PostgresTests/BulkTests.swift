import Foundation
import Postgres
import Testing

private struct Enough: Error {}

@Suite("Streaming")
struct StreamTests {
    @Test("lends 200,000 rows in order, without holding them all") func large() async throws {
        try await withConnection { connection in
            let before = residentBytes()
            var next = 1
            try await connection.stream(
                "select g, repeat('x', 1000) from generate_series(1, \(200_000)) g", batch: 1000
            ) { row in
                let number: Int = try row.decode(0)
                #expect(number == next)
                next += 1
            }
            #expect(next == 200_001)
            // 200 MB of rows have passed. Other tests run meanwhile, hence the margin.
            #expect(residentBytes() - before < 120_000_000)
            try await expectUsable(connection)
        }
    }

    @Test("ends early when its closure throws, and the connection can be used on") func early() async throws {
        try await withConnection { connection in
            for _ in 0..<3 {
                var seen = 0
                await #expect(throws: Enough.self) {
                    try await connection.stream("select * from generate_series(1, 10000000::int8)", batch: 10)
                    { _ in
                        seen += 1
                        if seen == 25 { throw Enough() }
                    }
                }
                #expect(seen == 25)
                try await expectUsable(connection)
            }
        }
    }

    @Test("passes an error in the middle on after the rows before it") func errorInside() async throws {
        try await withConnection { connection in
            var seen = 0
            let error = await failure {
                try await connection.stream("select 10 / (20 - g) from generate_series(1, 30) g", batch: 7) {
                    _ in seen += 1
                }
            }
            #expect(error?.sqlState == SQLState(rawValue: "22012"))
            #expect(seen == 19)
            try await expectUsable(connection)
            try await connection.stream("select 1 where false") { _ in Issue.record("a row of nothing") }
            try await expectUsable(connection)
        }
    }

    @Test("refuses other statements meanwhile") func busy() async throws {
        try await withConnection { connection in
            try await connection.stream("select generate_series(1, 3)", batch: 1) { _ in
                guard case .misuse = await failure({ _ = try await connection.execute("select 1") }) else {
                    Issue.record("not refused")
                    return
                }
            }
        }
    }

    @Test("begins its transaction first") func insideTransaction() async throws {
        try await withPool(size: 1) { pool in
            try await pool.withTransaction(["select set_config('shop.tenant', 'acme', true)"]) {
                transaction in
                var seen: [String] = []
                try await transaction.stream(
                    "select current_setting('shop.tenant') from generate_series(1, 3)"
                ) {
                    seen.append(try $0.decode(0))
                }
                #expect(seen == ["acme", "acme", "acme"])
            }
        }
    }

    private func residentBytes() -> Int {
        let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ")
        return (fields.flatMap { Int($0[1]) } ?? 0) * 4096
    }
}

@Suite("Copying in")
struct CopyTests {
    private func withTable(_ body: (PostgresConnection) async throws -> Void) async throws {
        try await withConnection { connection in
            _ = try await connection.execute("create type pg_temp.mood as enum ('calm', 'wild')")
            _ = try await connection.execute(
                """
                create temp table t (
                    id uuid, small int2, whole int4, big int8, label varchar(20), mood mood, doc jsonb,
                    price numeric(12, 2), at timestamptz, raw bytea, tags text[]
                )
                """)
            try await body(connection)
        }
    }

    @Test("fits values to the columns' own types") func types() async throws {
        try await withTable { connection in
            let id = UUID()
            let row: [(any PostgresEncodable)?] = [
                id, 1, 2, 3, "label", "wild", "{\"a\": 1}", Decimal(string: "12.34")!,
                Date(timeIntervalSince1970: 0),
                [UInt8]([1, 2]), ["a", "b"],
            ]
            let nothing: [(any PostgresEncodable)?] = Array(repeating: nil, count: 11)
            #expect(try await connection.copyIn("t", rows: [row, nothing]) == 2)
            let read = try await connection.execute("select * from t where id is not null").rows[0]
            #expect(try read.decode("id", as: UUID.self) == id)
            #expect(try read.decode("small", as: Int.self) == 1 && read.decode("whole", as: Int.self) == 2)
            #expect(try read.decode("mood", as: String.self) == "wild")
            #expect(try read.decode("doc", as: JSONB.self).text == "{\"a\": 1}")
            #expect(try read.decode("price", as: Decimal.self) == Decimal(string: "12.34"))
            #expect(try read.decode("tags", as: [String].self) == ["a", "b"])
        }
    }

    @Test("takes 50,000 rows, from an array or as they come") func many() async throws {
        try await withTable { connection in
            let rows: [[(any PostgresEncodable)?]] = (0..<50_000).map { (number: Int) in
                [number, "row \(number)"]
            }
            #expect(try await connection.copyIn("t (big, label)", rows: rows) == 50_000)
            let coming = AsyncStream<[(any PostgresEncodable)?]> { continuation in
                for row in rows { continuation.yield(row) }
                continuation.finish()
            }
            #expect(try await connection.copyIn("t (big, label)", rows: coming) == 50_000)
            let sum = try await connection.execute("select count(*), sum(big) from t").rows[0]
            #expect(
                try sum.decode(0, as: Int.self) == 100_000 && sum.decode(1, as: Int.self) == 2_499_950_000)
        }
    }

    @Test("inserts nothing after an error, names the column, and leaves the connection usable") func errors()
        async throws
    {
        try await withTable { connection in
            _ = try await connection.execute("alter table t add constraint t_big_check check (big < 10)")
            let cases: [(String, [[(any PostgresEncodable)?]], String)] = [
                ("t (whole)", [[1], ["x"]], "column whole is int4"),
                ("t (small)", [[1], [70_000]], "column small is int2"),
                ("t (big)", [[1], [10]], "t_big_check"),
                ("t (big)", [[1], [1, 2]], "2 values for 1 columns"),
                ("t (nowhere)", [[1]], "nowhere"),
            ]
            for (target, rows, message) in cases {
                let error = await failure { _ = try await connection.copyIn(target, rows: rows) }
                #expect(error?.description.contains(message) == true, "\(String(describing: error))")
                let count = try await connection.execute("select count(*) from t").rows[0]
                #expect(try count.decode(0, as: Int.self) == 0)
            }
            let failing = AsyncThrowingStream<[(any PostgresEncodable)?], any Error> { continuation in
                continuation.yield([1])
                continuation.finish(throwing: Enough())
            }
            await #expect(throws: Enough.self) { try await connection.copyIn("t (big)", rows: failing) }
            let count = try await connection.execute("select count(*) from t").rows[0]
            #expect(try count.decode(0, as: Int.self) == 0)
        }
    }
}
