import Foundation
import Postgres
import Testing

private enum Colour: String, PostgresEncodable, PostgresDecodable { case red, green }

@Suite("Values travel to the server and back")
struct TypeTests {
    /// The value comes back alone, as null, in an array and in an array with a null; the server names its
    /// type.
    private func roundTrip<Value: PostgresEncodable & PostgresDecodable & Equatable>(
        _ values: [Value], type: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await withConnection { connection in
            for value in values {
                let row = try #require(
                    try await connection.execute("select \(value), pg_typeof(\(value))::text").first)
                #expect(try row.decode(0, as: Value.self) == value, sourceLocation: sourceLocation)
                #expect(try row.decode(1, as: String.self) == type, sourceLocation: sourceLocation)
            }
            let missing: Value? = nil
            let nothing = try await connection.execute(Query(text: "select $1", binding: missing)).rows[0]
            #expect(try nothing.decode(0, as: Value?.self) == nil, sourceLocation: sourceLocation)

            let array = try await connection.execute("select \(values)").rows[0]
            #expect(try array.decode(0, as: [Value].self) == values, sourceLocation: sourceLocation)

            let withNull = values.map(Optional.some) + [nil]
            let gaps = try await connection.execute("select \(withNull)").rows[0]
            #expect(try gaps.decode(0, as: [Value?].self) == withNull, sourceLocation: sourceLocation)

            let empty = try await connection.execute("select \([Value]())").rows[0]
            #expect(try empty.decode(0, as: [Value].self).isEmpty, sourceLocation: sourceLocation)
        }
    }

    @Test("whole numbers") func integers() async throws {
        try await roundTrip([0, 1, -1, Int.max, Int.min], type: "bigint")
        try await roundTrip([Int64.max, Int64.min], type: "bigint")
        try await roundTrip([Int32.max, Int32.min, 0], type: "integer")
        try await roundTrip([Int16.max, Int16.min, 0], type: "smallint")
    }

    @Test("truth values") func booleans() async throws {
        try await roundTrip([true, false], type: "boolean")
    }

    @Test("floating point") func doubles() async throws {
        try await roundTrip(
            [0, -0.5, .pi, .greatestFiniteMagnitude, .leastNonzeroMagnitude, .infinity],
            type: "double precision")
        try await roundTrip([Float.pi, -1], type: "real")
    }

    @Test("text, with what would need escaping elsewhere") func strings() async throws {
        try await roundTrip(
            [
                "", "a", "ăîșț €", "'; drop table t; --", "\\ \" $1 {a,b} NULL", "🛒",
                String(repeating: "x", count: 100_000),
            ],
            type: "text")
    }

    @Test("uuids") func uuids() async throws {
        try await roundTrip(
            [UUID(), UUID(uuidString: "00000000-0000-0000-0000-000000000000")!], type: "uuid")
    }

    @Test("byte strings") func bytes() async throws {
        try await roundTrip([Data(), Data([0, 1, 255])], type: "bytea")
        try await roundTrip([[UInt8](), [0, 10, 92, 255]], type: "bytea")
    }

    @Test("JSON documents") func documents() async throws {
        try await roundTrip([JSONB(#"{"a": [1, 2, {"b": null}]}"#), JSONB("3"), JSONB("[]")], type: "jsonb")
    }

    @Test("instants, to the microsecond") func instants() async throws {
        let dates = [
            Date(timeIntervalSince1970: 0), Date(timeIntervalSince1970: 1_790_000_000.123456),
            Date(timeIntervalSince1970: -12_345_678_901), .distantFuture, .distantPast,
        ]
        try await withConnection { connection in
            for date in dates {
                let row = try await connection.execute(
                    "select \(date), \([date, nil]), pg_typeof(\(date))::text"
                ).rows[0]
                let read: Date = try row.decode(0)
                #expect(abs(read.timeIntervalSince(date)) < 0.000001)
                #expect(try row.decode(1, as: [Date?].self) == [read, nil])
                #expect(try row.decode(2, as: String.self) == "timestamp with time zone")
            }
            let text = try await connection.execute(
                "select to_char(\(dates[1]) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), date '2026-3-29'"
            ).rows[0]
            #expect(try text.decode(0, as: String.self) == "2026-09-21 14:13:20.123456")
            #expect(try text.decode(1, as: Date.self).timeIntervalSince1970 == 1_774_742_400)
        }
    }

    @Test("durations as intervals") func durations() async throws {
        try await roundTrip([Duration.seconds(90), .microseconds(1), .zero, .seconds(-5)], type: "interval")
        try await withConnection { connection in
            let row = try await connection.execute("select interval '2 days 1 hour', interval '1 month'")
                .rows[0]
            #expect(try row.decode(0, as: Duration.self) == .seconds(49 * 3600))
            #expect(throws: PostgresError.self) { try row.decode(1, as: Duration.self) }
        }
    }

    @Test("decimal numbers, exactly")
    func decimals() async throws {
        let texts = [
            "0", "1", "-1", "0.1", "-0.01", "123.45", "10000", "9999.9999", "100000000", "0.00001234",
            "12345678.00005",
            "99999999999999999999999999999999999999", "-0.000000000000000000000001",
            "1000000000000000000000000",
            "1.5", "10000.0001", "12.340",
        ]
        try await roundTrip(texts.map { Decimal(string: $0)! } + [.nan], type: "numeric")
        try await withConnection { connection in
            for text in texts {
                let number = try #require(Decimal(string: text))
                let row = try await connection.execute(
                    "select \(text)::numeric, \(number)::text, \(number) = \(text)::numeric"
                )
                .rows[0]
                #expect(try row.decode(0, as: Decimal.self) == number)
                let arrived: String = try row.decode(1)
                #expect(try row.decode(2, as: Bool.self), "\(text) arrived as \(arrived)")
            }
            let row = try await connection.execute(
                "select 'infinity'::numeric, 1e200::numeric, sum(x), 1.5 from generate_series(1, 4::int8) x"
            ).rows[0]
            #expect(throws: PostgresError.self) { try row.decode(0, as: Decimal.self) }
            #expect(throws: PostgresError.self) { try row.decode(1, as: Decimal.self) }
            #expect(try row.decode(2, as: Int.self) == 10)
            #expect(throws: PostgresError.self) { try row.decode(3, as: Int.self) }
        }
    }

    @Test("raw-representable values travel as what they are made of") func enumerations() async throws {
        try await roundTrip([Colour.red, .green], type: "text")
        try await withConnection { connection in
            let row = try await connection.execute("select 'blue' as paint").rows[0]
            let error = await failure { _ = try row.decode("paint", as: Colour.self) }
            #expect(error?.description.contains("column paint") == true)
        }
    }

    @Test("enums, domains and narrower columns take values with a cast or without") func columns()
        async throws
    {
        try await withConnection { connection in
            _ = try await connection.execute("create type pg_temp.mood as enum ('calm', 'wild')")
            _ = try await connection.execute("create temp table t (a int2, b varchar(9), c mood, d mood[])")
            _ = try await connection.execute(
                "insert into t values (\(7), \("nine"), \("wild")::mood, \(["calm"])::text[]::mood[])")
            let row = try await connection.execute("select * from t").rows[0]
            #expect(try row.decode("a", as: Int.self) == 7)
            #expect(try row.decode("b", as: String.self) == "nine")
            #expect(try row.decode("c", as: String.self) == "wild")
            #expect(try row.decode("d", as: [String].self) == ["calm"])
        }
    }

    @Test("a thousand rows travel as arrays, one per column") func columnsOfArrays() async throws {
        try await withConnection { connection in
            let ids = (0..<1000).map { _ in UUID() }
            let names = (0..<1000).map { $0 % 10 == 0 ? nil : "name \($0)" }
            let numbers = Array(0..<1000)
            let documents = numbers.map { JSONB("{\"n\": \($0)}") }
            let text =
                "select * from unnest($1::uuid[], $2::text[], $3::int8[], $4::jsonb[]) as t(a, b, c, d)"
            let result = try await connection.execute(
                Query(text: text, binding: ids, names, numbers, documents))
            #expect(try result.column(0, as: UUID.self) == ids)
            #expect(try result.column(1, as: String?.self) == names)
            #expect(try result.column(2, as: Int.self) == numbers)
            #expect(try result.column(3, as: JSONB.self).map(\.text).last == #"{"n": 999}"#)
            let (id, name, number) = try result.rows[5].decode(UUID.self, String.self, Int.self)
            #expect(id == ids[5] && name == "name 5" && number == 5)
        }
    }
}

@Suite("Values that are not what was asked for")
struct DecodingTests {
    @Test("null in a value that is not optional names the column and the type") func null() async throws {
        try await withConnection { connection in
            let row = try await connection.execute("select 1 as a, null::uuid as owner").rows[0]
            let error = await failure { _ = try row.decode("owner", as: UUID.self) }
            #expect(
                error?.description == "column owner (uuid): is null, which UUID cannot hold; decode UUID?")
            #expect(row.isNull(1))
        }
    }

    @Test("another type names the column and both types") func mismatch() async throws {
        try await withConnection { connection in
            let row = try await connection.execute(
                "select 'x'::text as a, now() as b, 3000000000 as c, array[1] as d"
            ).rows[0]
            for (column, read) in [
                ("a", { _ = try row.decode("a", as: Int.self) }),
                ("b", { _ = try row.decode("b", as: UUID.self) }),
                ("c", { _ = try row.decode("c", as: Int32.self) }),
                ("d", { _ = try row.decode("d", as: [String].self) }),
            ] as [(String, () throws -> Void)] {
                let error = await failure { try read() }
                #expect(
                    error?.description.contains("column \(column) (") == true, "\(String(describing: error))")
            }
        }
    }

    @Test("a column that is not there is an error that lists those that are") func missing() async throws {
        try await withConnection { connection in
            let row = try await connection.execute("select 1 as a, 2 as b").rows[0]
            let error = await failure { _ = try row.decode("c", as: Int.self) }
            #expect(error?.description.contains("which has: a, b") == true)
        }
    }

    @Test("arrays with several dimensions are refused") func dimensions() async throws {
        try await withConnection { connection in
            let row = try await connection.execute("select array[[1,2],[3,4]] as matrix").rows[0]
            let error = await failure { _ = try row.decode("matrix", as: [Int].self) }
            #expect(error?.description.contains("2 dimensions") == true)
        }
    }
}
