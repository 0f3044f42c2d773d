extension PostgresConnection {
    /// Runs a text of several statements, such as a file of SQL. It takes no values and returns no rows.
    ///
    /// The statements are one transaction unless the text says otherwise.
    public func executeScript(_ text: String) async throws(PostgresError) {
        try await cancellably { () throws(PostgresError) in try self.runScript(text) }
    }

    func runScript(_ text: String) throws(PostgresError) {
        guard !text.utf8.contains(0) else { throw .encoding("a script contains a zero byte") }
        let wire = try usableWire()
        guard wire.leavePipelineMode(), wire.send(script: text) else { throw noting(wire.lost()) }
        var failure: PostgresError?
        do throws(PostgresError) {
            // How long a script may take is not known from the number of its statements, so it has no
            // deadline here.
            while let result = try wire.nextResult(until: nil) {
                switch result.status {
                case .rows, .done: continue
                case .failed: failure = result.failure(text: text, index: 0)
                default: throw .misuse("a script cannot contain COPY")
                }
            }
        } catch {
            // libpq and the server are in the middle of something: nothing else can be done with them.
            drop()
            throw error
        }
        if let failure, failure.isConnectionLoss { throw noting(failure) }
        wire.enterPipelineMode()
        noteCondition()
        if let failure { throw failure }
    }
}
