// Where the platform's operators find out why something is stuck and set it right. Everything here is at the
// operators' own host, with a session of its own, and asks anew with every request who is there and what
// their role allows. Lists open nothing that is sealed about people. The page of one run tells what went
// wrong, since nobody can act without it; what went in and came out stays sealed until somebody who may asks
// for it, which is written into the audit. Verbs go through the engine's own operations, which lock, compare
// with what the page showed, and write the audit themselves.

import Commerce
import CommerceStore
import Durable
import Fleet
import Foundation
import Postgres
import WebSupport

/// The engine's tools as the console uses them.
package struct FleetTools: Sendable {
    /// Reads runs without the keys of people.
    let runs: Runs
    /// Reads them with the keys, one run at a time.
    let opened: Runs
    let operations: Operations
    let control: Control
    let schedules: Schedules
    /// Where the engine keeps its audit.
    let pool: PostgresPool
    /// Workflows that move no money, on which one person may act in bulk.
    let harmless: Set<String>
    /// The workflow that reads the lists of the platform's suppliers.
    let pulls: WorkflowName
    /// What vendors allow; nil where nobody asks them.
    let limits: Limits?

    package init(
        runs: Runs, opened: Runs, operations: Operations, control: Control, schedules: Schedules,
        pool: PostgresPool, harmless: Set<String>, pulls: WorkflowName, limits: Limits? = nil
    ) {
        self.limits = limits
        self.pulls = pulls
        self.runs = runs
        self.opened = opened
        self.operations = operations
        self.control = control
        self.schedules = schedules
        self.pool = pool
        self.harmless = harmless
    }
}

package struct Console: Sendable {
    let desk: AdminDesk
    let tools: FleetTools
    let orders: PlatformOrders
    let oversight: PlatformOversight
    let ledger: LedgerReports
    let proposals: BulkProposals
    let claims: PlatformClaims
    let versions: PlanVersions
    let house: PlatformHouse
    let affiliates: PlatformAffiliates
    let savedViews: AdminViews
    let database: Database
    let papers: PaperDesk

    /// The database needs the platform's pool.
    package init(desk: AdminDesk, database: Database, tools: FleetTools, papers: PaperDesk) {
        self.desk = desk
        self.papers = papers
        self.tools = tools
        orders = PlatformOrders(database)
        oversight = PlatformOversight(database)
        ledger = LedgerReports(database)
        proposals = BulkProposals(database)
        claims = PlatformClaims(database)
        versions = PlanVersions(database)
        house = PlatformHouse(database)
        affiliates = PlatformAffiliates(database)
        savedViews = AdminViews(database)
        self.database = database
    }

    /// Notes what the overview shows of the business, as a service beside the server.
    package var pulse: ShopPulse { ShopPulse(oversight, orders, Samples(tools.pool)) }

    package var endpoints: [Endpoint] {
        signInEndpoints + overviewEndpoints + runEndpoints + orderEndpoints + errorEndpoints
            + queueEndpoints + scheduleEndpoints + webhookEndpoints + ledgerEndpoints + tenantEndpoints
            + bulkEndpoints + auditEndpoints + claimEndpoints + questionEndpoints + houseEndpoints
            + orderAnswerEndpoints + [
                ConsoleStyle.asset.endpoint, ConsoleKeys.asset.endpoint,
                LivePageScript.asset.endpoint,
                Endpoint("GET", "/sse", scope: .console, kind: .plain) { try await desk.events($0) },
            ]
    }

    /// Where the platform itself is looked after.
    private var houseEndpoints: [Endpoint] {
        planEndpoints + supplierEndpoints + affiliateEndpoints + settingsEndpoints + healthEndpoints
            + viewEndpoints + displayEndpoints
    }

    typealias Handler = @Sendable (WebRequest, Admin) async throws -> WebResponse

    func page(_ path: String, _ handler: @escaping Endpoint.Handler) -> Endpoint {
        Endpoint("GET", path, scope: .console, kind: .page, handler: handler)
    }

    func form(_ path: String, _ handler: @escaping Endpoint.Handler) -> Endpoint {
        Endpoint("POST", path, scope: .console, kind: .form, handler: handler)
    }

    /// A page for those who are signed in; everybody else is asked to.
    func privatePage(_ path: String, _ handler: @escaping Handler) -> Endpoint {
        page(path) { request in
            guard let admin = try await desk.admin(of: request) else {
                return .seeOther("/ops/sign-in?next=\(PercentCoding.encode(request.path))")
            }
            return try await ReaderZone.$current.withValue(ReaderZone.of(request)) {
                try await handler(request, admin)
            }
        }
    }

    /// A form whose act the role must allow.
    func privateForm(_ path: String, may act: AdminRole.Act, _ handler: @escaping Handler) -> Endpoint {
        form(path) { request in
            guard let admin = try await desk.admin(of: request) else { return .seeOther("/ops/sign-in") }
            guard admin.role.may(act) else { return refused(request, admin, act) }
            return try await ReaderZone.$current.withValue(ReaderZone.of(request)) {
                try await handler(request, admin)
            }
        }
    }

    /// Says which role it takes.
    func refused(_ request: WebRequest, _ admin: Admin, _ act: AdminRole.Act) -> WebResponse {
        ConsolePage(
            request, title: "Not allowed", admin: admin,
            main: """
                <h1>Not allowed</h1>
                <p>Your role is <strong>\(admin.role.rawValue)</strong>. This takes the role \
                <strong>\(AdminRole.least(for: act).rawValue)</strong> or one above it. Nothing was done.</p>
                """
        ).response(status: 403)
    }

    /// Who acts and why, as the audit keeps it. Nil where no reason was given, or too long a one.
    func mandate(_ request: WebRequest, _ admin: Admin) -> Mandate? {
        // A reason that is missing is shown at its field; the error says nothing more than that.
        try? Mandate(
            actor: "\(admin.email.canonical) (\(admin.role.rawValue))", reason: request.form["reason"] ?? "")
    }
}

extension WebRequest {
    /// A run that the path names.
    func run() throws(WebProblem) -> RunID {
        guard let run = RunID(try parameter("run")) else { throw WebProblem(.notFound) }
        return run
    }
}
