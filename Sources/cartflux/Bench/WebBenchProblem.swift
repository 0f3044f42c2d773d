// What keeps a measurement of the web from counting. A measurement that did not serve what it asked for is
// no figure, so each of these ends the bench instead of standing beside the figures as a note.

enum WebBenchProblem: Error, Equatable, CustomStringConvertible {
    /// The load generator ended with this status.
    case generatorFailed(Int32)
    /// It said nothing that can be read.
    case noReport(String)
    case refused(String, LoadReport)
    case notReady(String)
    case wrongAnswer(String, status: Int)
    case stream(String)

    var description: String {
        switch self {
        case .generatorFailed(127): "wrk is not installed; `ops/prepare --wrk` installs it"
        case .generatorFailed(let status): "wrk ended with status \(status); look for its error above"
        case .noReport(let said): "wrk did not tell what it saw: \(said)"
        case .refused(let page, let report):
            "\(page): of \(report.requests) requests \(report.refused) were refused and \(report.broken) "
                + "came to nothing; what is measured must be served"
        case .notReady(let what): "\(what) was not ready in time; look for its error above"
        case .wrongAnswer(let page, let status): "\(page) answered \(status); it cannot be measured like this"
        case .stream(let what): "a live stream failed: \(what)"
        }
    }
}
