import ArgumentParser
import Fleet

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Web, a worker, schedules and lapsed stock in one process.")

    func run() async throws {
        let settings = Settings()
        let instruments = try Instruments(settings, label: "cartflux.run")
        let platform = try await Platform(settings, label: "cartflux.run")
        try await platform.checkCredentials()
        let faces = try Faces(platform, instruments.metrics)
        try await platform.serve(
            instruments.services(platform) + [
                platform.runs, try platform.worker(), try platform.scheduler(), BurstDrainer(platform.runs),
                FleetGauges(platform.runs), ShopDuties(platform), WebhookDuty(platform),
                faces.inbox, faces.pulse, faces.server,
            ])
    }
}

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "The web: storefronts, webhooks and the JSON API.")

    func run() async throws {
        let settings = Settings()
        let instruments = try Instruments(settings, label: "cartflux.serve")
        let platform = try await Platform(settings, label: "cartflux.serve")
        try await platform.checkCredentials()
        let faces = try Faces(platform, instruments.metrics)
        try await platform.serve(
            instruments.services(platform) + [platform.runs, faces.inbox, faces.pulse, faces.server])
    }
}

struct WorkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "work", abstract: "A worker: takes ready runs and carries them on.")

    func run() async throws {
        let settings = Settings()
        let instruments = try Instruments(settings, label: "cartflux.work")
        let platform = try await Platform(settings, label: "cartflux.work")
        try await platform.checkCredentials()
        try await platform.serve(
            instruments.services(platform) + [
                platform.runs, try platform.worker(), BurstDrainer(platform.runs),
            ])
    }
}

struct ScheduleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule",
        abstract: "The duties: schedules, sweeps, lost timers, partitions, stock, webhooks, bulk operations.",
        discussion: """
            Start as many as you like: one of them leads and fires the schedules, the others take over when it
            is gone. Workers sweep beside their runs as well; schedules and units that nobody pays for are
            looked after only here and in `run`, bulk operations whose caller left only here.
            """)

    func run() async throws {
        let settings = Settings()
        let instruments = try Instruments(settings, label: "cartflux.schedule")
        let platform = try await Platform(settings, label: "cartflux.schedule")
        let caretaker = Caretaker(
            platform.fleet, redis: platform.redis, pool: platform.enginePool, logger: platform.logger)
        let operations = Operations(platform.runs, masterKeys: platform.fleet.masterKeys)
        let bulk = BulkKeeper(operations, logger: platform.logger)
        try await platform.serve(
            instruments.services(platform) + [
                caretaker, try platform.scheduler(), bulk, ShopDuties(platform), WebhookDuty(platform),
            ] + (instruments.isScraped ? [FleetGauges(platform.runs)] : []))
    }
}
