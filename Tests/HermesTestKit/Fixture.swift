/// Files that lie beside the tests, in the folder Fixtures of their target.
package enum Fixture {
    /// The folder of what the fixtures of all targets share.
    static var folder: String { folder(of: #filePath) }

    /// The path of the fixture `name` of the target that the caller's file belongs to.
    package static func path(_ name: String, file: String = #filePath) -> String { "\(folder(of: file))/\(name)" }

    private static func folder(of file: String) -> String {
        let parts = file.split(separator: "/")
        let target = (parts.lastIndex(of: "Tests") ?? 0) + 1
        return "/\(parts[...target].joined(separator: "/"))/Fixtures"
    }
}
