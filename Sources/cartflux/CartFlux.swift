import ArgumentParser

@main
struct CartFlux: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cartflux",
        abstract: "A multi-tenant dropshipping platform, run as a fleet of durable workflows.",
        discussion: """
            Every process is configured by environment variables, checked when it starts:

            \(Variable.help)
            """,
        subcommands: [
            RunCommand.self, ServeCommand.self, WorkCommand.self, ScheduleCommand.self, MigrateCommand.self,
            SandboxCommand.self, RunsCommand.self, QueuesCommand.self, WorkersCommand.self,
            SchedulesCommand.self, AdminsCommand.self, AuditCommand.self, StorageCommand.self,
            SuppliersCommand.self, FeedsCommand.self, OrdersCommand.self, AttentionCommand.self,
            BillingCommand.self, ReportsCommand.self, LedgerCommand.self, PersonalDataCommand.self,
            CredentialsCommand.self,
            DemoCommand.self, BenchCommand.self,
        ])
}
