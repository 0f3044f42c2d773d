import Durable
import Foundation
import Postgres

extension Runs {
    /// The same start with its input sealed, where it is about a person.
    func sealed(_ start: RunStart, about subject: Subject?) async throws(RunsError) -> RunStart {
        guard let subject else { return start }
        let cipher: SubjectCipher
        do {
            cipher = try await subjects.cipher(of: subject, tenant: start.tenant)
        } catch let problem as SubjectProblem {
            throw .subject(problem)
        } catch {
            throw .notAccepted("\(error)")
        }
        return start.sealed(by: cipher)
    }
}

extension RunStart {
    func sealed(by cipher: SubjectCipher) -> RunStart {
        RunStart(
            id: id, tenant: tenant, workflow: workflow, version: version, queue: queue, priority: priority,
            input: cipher.seal(input, at: SealedPlace(run: id, role: .input)), key: key,
            notBefore: notBefore, parent: parent, reply: reply, trace: trace, subjectKey: cipher.id)
    }
}
