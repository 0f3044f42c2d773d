// What the load generator saw. Its own table is for people and knows no 95th percentile, so a script makes it
// say one line more, which is all that is read of what it prints.

struct LoadReport: Sendable, Equatable {
    let requests: Int
    let seconds: Double
    let bytes: Int
    /// Milliseconds from the request to the last byte of its answer, at three percentiles.
    let median: Double
    let p95: Double
    let p99: Double
    /// Answers with an error's status.
    let refused: Int
    /// Connections that broke, and answers that did not come in time.
    let broken: Int

    var rate: Double { Double(requests) / seconds }

    private static let mark = "cartflux-load:"

    /// Finds the script's line in what the generator printed.
    init(parsing output: String) throws(WebBenchProblem) {
        let found = output.split(separator: "\n").last { $0.hasPrefix(Self.mark) }
        guard let line = found?.dropFirst(Self.mark.count) else {
            throw .noReport(String(output.suffix(300)))
        }
        var values: [Substring: Int] = [:]
        for word in line.split(separator: " ") {
            let pair = word.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, let number = Int(pair[1]) else { throw .noReport(String(line)) }
            values[pair[0]] = number
        }
        func value(_ name: Substring) throws(WebBenchProblem) -> Int {
            guard let value = values[name] else { throw .noReport(String(line)) }
            return value
        }
        func milliseconds(_ name: Substring) throws(WebBenchProblem) -> Double {
            Double(try value(name)) / 1_000
        }
        requests = try value("requests")
        seconds = Double(try value("microseconds")) / 1_000_000
        bytes = try value("bytes")
        median = try milliseconds("p50")
        p95 = try milliseconds("p95")
        p99 = try milliseconds("p99")
        refused = try value("refused")
        broken = try value("broken")
        guard requests > 0, seconds > 0 else { throw .noReport(String(line)) }
    }

    /// The part of the generator's script that makes it say the line.
    static let script = """
        done = function(summary, latency, requests)
           local errors = summary.errors
           io.write(string.format("\(mark) requests=%d microseconds=%d bytes=%d p50=%d p95=%d p99=%d ",
              summary.requests, summary.duration, summary.bytes,
              latency:percentile(50), latency:percentile(95), latency:percentile(99)))
           io.write(string.format("refused=%d broken=%d\\n",
              errors.status, errors.connect + errors.read + errors.write + errors.timeout))
        end

        """
}
