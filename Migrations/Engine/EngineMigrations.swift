public import Foundation

/// Where the SQL files of the engine's schema are found at run time; `cartflux migrate` applies them in the
/// order of their names, before the shop's.
public enum EngineMigrations {
    public static var directory: URL { Bundle.module.bundleURL.appending(path: "sql") }
}
