internal import CLibpq
internal import ConnectionThread

// The connection of libpq in non-blocking mode, with its waits done here, so that each has a deadline. It
// stays in pipeline mode all its life: a single statement is a pipeline of one, with the same messages on
// the wire, and there is one way to handle an error instead of two.

/// One libpq connection. Every call may block, so it belongs on a connection's own thread.
final class Wire {
    private let handle: OpaquePointer
    /// Memory for the pointers of the statement that is being sent.
    private var scratch = BindScratch()

    /// Connects, or throws before the deadline.
    init(_ configuration: PostgresConfiguration) throws(PostgresError) {
        let parameters = configuration.connectionParameters()
        let keywords = CStrings(parameters.map(\.keyword))
        let values = CStrings(parameters.map(\.value))
        guard let handle = PQconnectStartParams(keywords.pointer, values.pointer, 0) else {
            throw .connection(ConnectionFailure(message: "out of memory", sqlState: nil, mayHaveRun: false))
        }
        self.handle = handle
        // Notices are for people at a prompt; by default libpq prints them to standard error.
        _ = PQsetNoticeProcessor(handle, { _, _ in }, nil)
        // Only the verbose form carries the code of a refused sign-in.
        PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)
        try finishConnecting(configuration)
        PQsetErrorVerbosity(handle, PQERRORS_DEFAULT)
        PQsetnonblocking(handle, 1)
        PQenterPipelineMode(handle)
    }

    deinit { PQfinish(handle) }

    var isBroken: Bool { PQstatus(handle) == CONNECTION_BAD }
    var socket: Int32 { PQsocket(handle) }
    var backendID: Int32 { PQbackendPID(handle) }

    var transaction: TransactionStatus {
        switch PQtransactionStatus(handle) {
        case PQTRANS_IDLE: .idle
        case PQTRANS_INTRANS: .open
        case PQTRANS_INERROR: .failed
        default: .unknown
        }
    }

    enum TransactionStatus { case idle, open, failed, unknown }

    func makeCancelHandle() -> CancelHandle? { PQgetCancel(handle).map { CancelHandle($0) } }

    private func finishConnecting(_ configuration: PostgresConfiguration) throws(PostgresError) {
        let deadline = ContinuousClock.now + configuration.connectTimeout
        var state = PGRES_POLLING_WRITING
        while PQstatus(handle) != CONNECTION_BAD {
            if state == PGRES_POLLING_OK { return }
            let interest: Readiness = state == PGRES_POLLING_READING ? .readable : .writable
            if Readiness.wait(PQsocket(handle), for: interest, until: deadline).isEmpty {
                let message = "\(configuration) did not answer within \(configuration.connectTimeout)"
                throw .connection(ConnectionFailure(message: message, sqlState: nil, mayHaveRun: false))
            }
            state = PQconnectPoll(handle)
            if state == PGRES_POLLING_FAILED { break }
        }
        throw .connection(ConnectionFailure(verbose: String(cString: PQerrorMessage(handle))))
    }

    // MARK: Sending

    /// Queues a statement. False means that libpq refused it, and the connection cannot be used any more.
    func send(_ query: Query) -> Bool {
        scratch.with(query.binds) { binds in
            PQsendQueryParams(
                handle, query.text, binds.count, binds.types, binds.values, binds.lengths, binds.formats, 1)
                == 1
        }
    }

    func send(text: String) -> Bool { PQsendQueryParams(handle, text, 0, nil, nil, nil, nil, 1) == 1 }

    func sendPrepare(_ name: String, _ query: Query) -> Bool {
        let types = query.binds.map(\.type.rawValue)
        return PQsendPrepare(handle, name, query.text, Int32(types.count), types) == 1
    }

    func sendPrepared(_ name: String, _ binds: [Bind]) -> Bool {
        scratch.with(binds) { binds in
            PQsendQueryPrepared(handle, name, binds.count, binds.values, binds.lengths, binds.formats, 1) == 1
        }
    }

    /// Ends a pipeline: what stands before succeeds or fails together.
    func sync() -> Bool { PQpipelineSync(handle) == 1 }

    /// Rows of the statement queued last come one by one. To be called when its results are due.
    func streamRows() { PQsetSingleRowMode(handle) }

    /// Several statements in one text, for files of SQL. Only outside pipeline mode.
    func send(script: String) -> Bool { PQsendQuery(handle, script) == 1 }

    func leavePipelineMode() -> Bool { PQexitPipelineMode(handle) == 1 }
    func enterPipelineMode() { PQenterPipelineMode(handle) }

    func sendCopy(_ bytes: [UInt8], until deadline: ContinuousClock.Instant?) throws(PostgresError) {
        while true {
            let status = bytes.withUnsafeBytes { content in
                PQputCopyData(
                    handle, content.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(content.count))
            }
            if status == 1 { return try flush(until: deadline) }
            if status < 0 { throw lost() }
            try flush(until: deadline)
        }
    }

    /// Ends a copy, successfully or with a message that makes the server refuse it.
    func endCopy(failure: String?, until deadline: ContinuousClock.Instant?) throws(PostgresError) {
        while true {
            let status = PQputCopyEnd(handle, failure)
            if status == 1 { return try flush(until: deadline) }
            if status < 0 { throw lost() }
            try flush(until: deadline)
        }
    }

    // MARK: Receiving

    /// The next result, or nil at the end of a statement's results.
    func nextResult(until deadline: ContinuousClock.Instant?) throws(PostgresError) -> WireResult? {
        while PQisBusy(handle) != 0 {
            try wait(until: deadline)
        }
        return PQgetResult(handle).map { WireResult($0) }
    }

    private func flush(until deadline: ContinuousClock.Instant?) throws(PostgresError) {
        while true {
            let status = PQflush(handle)
            if status == 0 { return }
            if status < 0 { throw lost() }
            try wait(until: deadline)
        }
    }

    private func wait(until deadline: ContinuousClock.Instant?) throws(PostgresError) {
        // The server may stop reading until its own answers are read, so both directions are served at once.
        let mustWrite = PQflush(handle) == 1
        let ready = Readiness.wait(
            socket, for: mustWrite ? [.readable, .writable] : .readable, until: deadline)
        if ready.isEmpty {
            throw .timeout("the Postgres server does not answer; the connection is given up")
        }
        if ready != .writable, PQconsumeInput(handle) == 0 { throw lost() }
    }

    /// Notices without waiting that the server has closed an idle connection, before anything is sent in
    /// vain.
    func verify() throws(PostgresError) {
        guard Readiness.now(socket, for: .readable).contains(.closed) else { return }
        // Reading what the server said last makes the message say why.
        while PQconsumeInput(handle) == 1 { _ = PQisBusy(handle) }
        if case .connection(let failure) = lost() { throw .connection(failure.certainlyNotRun()) }
    }

    func lost() -> PostgresError {
        let message = String(cString: PQerrorMessage(handle))
        return .connection(
            ConnectionFailure(message: message.singleLine, sqlState: nil, mayHaveRun: true))
    }
}

/// Null-terminated strings in a null-terminated list, as libpq takes them.
private final class CStrings {
    let pointer: UnsafeMutablePointer<UnsafePointer<CChar>?>
    private let count: Int

    init(_ strings: [String]) {
        count = strings.count
        pointer = .allocate(capacity: count + 1)
        for (index, string) in strings.enumerated() {
            let bytes = string.utf8CString
            let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
            bytes.withUnsafeBufferPointer { copy.initialize(from: $0.baseAddress!, count: bytes.count) }
            pointer.advanced(by: index).initialize(to: UnsafePointer(copy))
        }
        pointer.advanced(by: count).initialize(to: nil)
    }

    deinit {
        for index in 0..<count { pointer[index]?.deallocate() }
        pointer.deallocate()
    }
}

extension ConnectionFailure {
    /// Finds the code in libpq's verbose message: `... FATAL:  28P01: password authentication failed ...`.
    init(verbose text: String) {
        // Where in the server's own source the error arose helps nobody here.
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("LOCATION:") }
        var message = lines.joined(separator: "\n").singleLine
        var state: SQLState?
        if let match = message.firstMatch(of: #/:  ([0-9A-Z]{5}): /#) {
            state = SQLState(rawValue: String(match.1))
            message.replaceSubrange(match.range, with: ": ")
        }
        self.init(message: message, sqlState: state, mayHaveRun: false)
    }
}

extension String {
    var singleLine: String { split { $0.isNewline || $0 == "\t" }.joined(separator: " ") }
}
