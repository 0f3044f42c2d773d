import ArgumentParser
import Fleet
import Metrics
import WebSupport

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Everything in one process: web, a worker and the scheduled duties.")

    func run() async throws {
        let platform = try await Platform(Settings(), label: "cartflux.run")
        let metrics = MetricsRegistry()
        MetricsSystem.bootstrap(metrics)
        let faces = try Faces(platform, metrics)
        try await platform.serve([
            platform.runs, try platform.worker(), faces.inbox, faces.server, ShopDuties(platform),
        ])
    }
}

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "The web: storefronts, webhooks and the JSON API.")

    func run() async throws {
        let platform = try await Platform(Settings(), label: "cartflux.serve")
        let metrics = MetricsRegistry()
        MetricsSystem.bootstrap(metrics)
        let faces = try Faces(platform, metrics)
        try await platform.serve([platform.runs, faces.inbox, faces.server])
    }
}

struct WorkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "work", abstract: "A worker: takes ready runs and carries them on.")

    func run() async throws {
        let platform = try await Platform(Settings(), label: "cartflux.work")
        try await platform.serve([platform.runs, try platform.worker()])
    }
}

struct ScheduleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule",
        abstract: "The duties: sweeps, timers that Redis lost, partitions ahead of time, lapsed stock.",
        discussion: "Workers sweep runs too; units that nobody pays for come back only here and in `run`.")

    func run() async throws {
        let platform = try await Platform(Settings(), label: "cartflux.schedule")
        let caretaker = Caretaker(
            platform.fleet, redis: platform.redis, pool: platform.enginePool, logger: platform.logger)
        try await platform.serve([caretaker, ShopDuties(platform)])
    }
}
