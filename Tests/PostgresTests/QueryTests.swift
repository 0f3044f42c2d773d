import Postgres
import Testing

@Suite("Queries keep text and values apart")
struct QueryTests {
    @Test("interpolated values become placeholders") func placeholders() {
        let name = "x'; drop table users; --"
        let query: Query = "select * from t where a = \(name) and b = \(3)"

        #expect(query.text == "select * from t where a = $1 and b = $2")
        #expect(query.binds.count == 2)
        #expect(query.binds[0].bytes == Array(name.utf8))
        #expect(query.binds[1].type == .int8)
    }

    @Test("joined queries number their placeholders on") func joined() {
        let many = (1...9).reduce(into: "x" as Query) { $0 += ", \($1)" }
        let query: Query = "select \(1)" + " from (\(many)) where \("a") = $$b$$" + " limit 1"

        #expect(
            query.text
                == "select $1 from (x, $2, $3, $4, $5, $6, $7, $8, $9, $10) where $11 = $$b$$ limit 1"
        )
        #expect(query.binds.count == 11)
    }

    @Test("names are quoted and raw text is spliced") func splices() {
        let query: Query = "select \(raw: "now()") from \(identifier: "a\"b")"

        #expect(query.text == "select now() from \"a\"\"b\"")
        #expect(query.binds.isEmpty)
    }

    @Test("a hostile string is only ever a value") func injection() async throws {
        let hostile = "'); drop table victims; select ('"
        try await withConnection { connection in
            _ = try await connection.execute("create temp table victims (name text)")
            _ = try await connection.execute("insert into victims values (\(hostile))")
            let row = try await connection.execute("select name from victims where name = \(hostile)").rows[0]
            #expect(try row.decode(0, as: String.self) == hostile)

            _ = try await connection.execute("create temp table \(identifier: hostile) (a int)")
            let count = try await connection.execute("select count(*) from \(identifier: hostile)").rows[0]
            #expect(try count.decode(0, as: Int.self) == 0)
        }
    }

    @Test("a zero byte in text is refused by the server, not cut off") func zeroByte() async throws {
        try await withConnection { connection in
            let error = await failure { _ = try await connection.execute("select \("a\0b")") }
            #expect(error?.sqlState == .invalidByteSequence)
            try await expectUsable(connection)
        }
    }
}

@Suite("Configuration")
struct ConfigurationTests {
    @Test("URLs and keywords are read") func forms() throws {
        let url = try PostgresConfiguration("postgres://ana:s%40crt@db.example:6543/shop?sslmode=require")
        #expect(url.user == "ana" && url.password == "s@crt" && url.host == "db.example")
        #expect(url.port == 6543 && url.database == "shop")
        #expect(!"\(url)".contains("crt"))

        let keywords = try PostgresConfiguration("host=/run/postgresql user=ana dbname=shop")
        #expect(keywords.host == "/run/postgresql" && keywords.port == 5432)

        let socket = try PostgresConfiguration("postgres://ana@/shop?host=/tmp/x&port=5555")
        #expect(socket.host == "/tmp/x" && socket.port == 5555)
    }

    @Test(
        "what is wrong is named",
        arguments: [
            ("postgres://a@h/d?sslmode=maybe", "sslmode"), ("postgres://a@h:99999/d", "99999"),
            ("postgres://a@h:x/d", "x"), ("postgres://a@h/d?colour=red", "colour"),
            ("postgres://h/d", "user"),
            ("colour=red user=a", "colour"), ("mysql://a@h/d", "mysql"),
        ])
    func mistakes(url: String, named: String) {
        let error = #expect(throws: PostgresError.self) { try PostgresConfiguration(url) }
        #expect(error?.description.contains(named) == true, "\(String(describing: error))")
    }

    @Test(
        "a password is never repeated",
        arguments: [
            "postgres://a:hu%zzsh@h/d", "postgres://a:hush@h]/d?x", "user=a password=hush colour=red",
            "password='hush",
        ])
    func secrets(url: String) {
        let error = #expect(throws: PostgresError.self) { try PostgresConfiguration(url) }
        #expect(error?.description.contains("sh@h") == false && error?.description.contains("hush") == false)
        #expect(error?.description.contains("hu%zz") == false, "\(String(describing: error))")
    }
}
