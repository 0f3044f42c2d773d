import Commerce
import CommerceStore
import Durable
import Fleet
import Foundation
import Testing

@testable import Console
@testable import WebSupport

/// Where the platform itself is looked after, and what each role may do there.
@Suite("The house's pages of the console")
struct ConsoleHouseTests {
    private func form(_ page: Answer, _ changes: [String: String] = [:]) throws -> [String: String] {
        let month = try #require(page.body.firstRange(of: "name=\"month\""))
        let first = page.body[month.upperBound...].drop { $0 != "2" }.prefix(7)
        return [
            "month": String(first), "title": "Pro", "monthly": "29.00", "stores": "", "markup": "0.45",
            "commission": "2.5", "bearer": "platform", "processing_rate": "1.5", "processing_fixed": "0.25",
            "own_suppliers": "yes", "custom_domain": "no", "confirm": "yes", "reason": "the new year",
        ].merging(changes) { $1 }
    }

    @Test("an administrator writes down a version of a plan to come; what is in force stays")
    func version() async throws {
        let admin = try await Operator.signedIn(.admin)
        let viewer = try await Operator.signedIn(.viewer)
        let mark = "a reason \(UUID())"
        let form = try form(try await admin.get("/ops/plans"), ["reason": mark])

        let done = try await admin.post("/ops/plans/pro", form)

        #expect(done.status == 303 && done.headers["location"] == "/ops/plans#plan-pro")
        let page = try await viewer.get("/ops/plans")
        #expect(page.body.contains(mark) && page.body.contains("in force"))
        #expect(page.body.contains("2.5 %"))
        #expect(!page.body.contains("A new version of"))
        let web = try await WebPlatform.shared.running()
        let inForce = try await Plans(web.database).catalogue().plans.first { $0.id == .pro }
        #expect(inForce == .pro)
        let record = try await admin.audited("plan pro").first { $0.reason == mark }
        #expect(record?.verb == "plan.version")
    }

    @Test("a version that cannot be read keeps what was typed and says what is wrong with which field")
    func refusedVersion() async throws {
        let admin = try await Operator.signedIn(.admin)
        let page = try await admin.get("/ops/plans")
        let wrong = [
            "monthly": "nineteen", "commission": "101", "stores": "0", "month": "2020-01", "confirm": "",
            "reason": " ", "title": "",
        ]

        let answer = try await admin.post("/ops/plans/pro", try form(page, wrong))

        #expect(answer.status == 422)
        for field in ["monthly", "commission", "stores", "month", "reason", "title"] {
            #expect(answer.body.contains("id=\"pro-\(field)-error\""), "\(field)")
        }
        #expect(answer.body.contains("value=\"nineteen\""))
        #expect(answer.body.contains("Tick the box"))
        #expect(try await admin.post("/ops/plans/gold", try form(page)).status == 404)
    }

    @Test(
        "each act takes its role, and says which one",
        arguments: [
            ("/ops/plans/pro", AdminRole.finance, "admin"),
            ("/ops/settings/identity", AdminRole.finance, "admin"),
            ("/ops/suppliers/pause", AdminRole.viewer, "operator"),
            ("/ops/suppliers/resume", AdminRole.viewer, "operator"),
        ])
    func roles(path: String, role: AdminRole, needed: String) async throws {
        let person = try await Operator.signedIn(role)

        let answer = try await person.post(path, ["reason": "because"])

        #expect(answer.status == 403)
        #expect(answer.body.contains("<strong>\(needed)</strong>"))
    }

    @Test("reading the suppliers' lists is paused and resumed by operators, with a reason")
    func suppliers() async throws {
        let person = try await Operator.signedIn(.operator)
        #expect(try await person.post("/ops/suppliers/pause", ["reason": ""]).status == 422)

        #expect(try await person.post("/ops/suppliers/pause", ["reason": "their hour is full"]).status == 303)
        let paused = try await person.get("/ops/suppliers")
        #expect(paused.body.contains("their hour is full") && paused.body.contains("Resume reading"))
        #expect(try await person.post("/ops/suppliers/resume", ["reason": "it is over"]).status == 303)
        #expect(try await person.get("/ops/suppliers").body.contains("Pause reading"))
    }

    @Test("who the platform is on its invoices is changed by administrators, and written down")
    func identity() async throws {
        let admin = try await Operator.signedIn(.admin)
        let finance = try await Operator.signedIn(.finance)
        let registration = "J40/\(UUID().uuidString.prefix(8))/2026"
        let form = [
            "name": "CartFlux SRL", "address": "Bulevardul Exemplu 1, 010101 București", "country": "ro",
            "vat_number": "RO 12345674", "registration": registration, "reason": "a new number",
        ]
        let wrong = form.merging(["name": "", "vat_number": "?", "country": "Romania"]) { $1 }

        let refused = try await admin.post("/ops/settings/identity", wrong)
        #expect(refused.status == 422)
        for field in ["name", "vat_number", "country"] {
            #expect(refused.body.contains("id=\"\(field)-error\""), "\(field)")
        }
        #expect(try await admin.post("/ops/settings/identity", form).status == 303)

        let page = try await finance.get("/ops/settings")
        #expect(page.body.contains(registration) && page.body.contains("RO12345674"))
        #expect(!page.body.contains("action=\"/ops/settings/identity\""))
        let verbs = try await admin.audited("platform").map(\.verb)
        #expect(verbs.contains("settings.identity"))
    }

    @Test("health tells of every part, and moves by itself")
    func health() async throws {
        let person = try await Operator.signedIn(.viewer)

        let page = try await person.get("/ops/health")

        for words in ["Who leads", "Queues", "Workers", "Lag", "Weeks of history ready ahead"] {
            #expect(page.body.contains(words), "\(words)")
        }
        #expect(!page.body.contains("cannot be read"))
        #expect(try await person.get("/ops/health?fragment=live").body.hasPrefix("<div id=\"health\""))
    }

    @Test("a filter is kept under a name by the one who named it, and forgotten again")
    func views() async throws {
        let person = try await Operator.signedIn(.viewer)
        let other = try await Operator.signedIn(.viewer)
        let name = "Stuck <refunds>"

        let kept = try await person.post(
            "/ops/views", ["name": name, "workflow": "refund_order", "status": "failed"])

        #expect(kept.headers["location"] == "/ops/runs?status=failed&workflow=refund_order")
        let page = try await person.get("/ops/runs")
        #expect(page.body.contains("Stuck &lt;refunds&gt;</a>"))
        #expect(page.body.contains("href=\"/ops/runs?status=failed&amp;workflow=refund_order\""))
        let others = try await other.get("/ops/runs")
        #expect(!others.body.contains("Stuck"))
        for fields in [["name": "", "status": "failed"], ["name": "All"], ["name": "x", "since": "soon"]] {
            #expect(try await person.post("/ops/views", fields).status == 422, "\(fields)")
        }
        #expect(try await person.post("/ops/views/forget", ["name": name]).status == 303)
        let after = try await person.get("/ops/runs")
        #expect(!after.body.contains("Stuck"))
    }
}
