import Testing

@testable import cartflux

@Suite("What the load generator says")
struct LoadReportTests {
    private static let table = """
        Running 3s test @ http://127.0.0.1:25005/en/p/desk-lamp
          1 threads and 32 connections
          Thread Stats   Avg      Stdev     Max   +/- Stdev
            Latency     4.61ms    1.20ms  21.05ms   88.12%
            Req/Sec     6.95k   312.44     7.40k    73.33%
          20803 requests in 3.00s, 181.91MB read
        Requests/sec:   6932.41
        Transfer/sec:     60.62MB

        """
    private static let said =
        "cartflux-load: requests=20803 microseconds=3000834 bytes=190746132 p50=4410 p95=6900 p99=9125 "

    @Test("the script's line is found among the generator's own and read in milliseconds")
    func found() throws {
        let report = try LoadReport(parsing: Self.table + Self.said + "refused=0 broken=0\n")

        #expect(report.requests == 20_803)
        #expect(report.seconds == 3.000834)
        #expect(report.bytes == 190_746_132)
        #expect(report.median == 4.41)
        #expect(report.p95 == 6.9)
        #expect(report.p99 == 9.125)
        #expect(report.refused == 0 && report.broken == 0)
        #expect(Int(report.rate) == 6_932)
    }

    @Test("what was refused and what came to nothing is counted apart")
    func failures() throws {
        let report = try LoadReport(parsing: Self.table + Self.said + "refused=7 broken=2\n")

        #expect(report.refused == 7 && report.broken == 2)
    }

    static let noReports = [
        table, "", "cartflux-load:", said, said + "refused=0", said + "refused=0 broken=some",
        "cartflux-load: requests=0 microseconds=3000000 bytes=0 p50=0 p95=0 p99=0 refused=0 broken=0",
    ]

    @Test(
        "a line that is missing, cut off, no number or about no request is no report",
        arguments: noReports)
    func unreadable(_ output: String) {
        #expect(throws: WebBenchProblem.self) { try LoadReport(parsing: output) }
    }

    @Test("the script writes what is read")
    func script() {
        for name in ["requests", "microseconds", "bytes", "p50", "p95", "p99", "refused", "broken"] {
            #expect(LoadReport.script.contains(" \(name)=%d") || LoadReport.script.contains("\"\(name)=%d"))
        }
        #expect(LoadReport.script.contains("\"cartflux-load: "))
    }
}
