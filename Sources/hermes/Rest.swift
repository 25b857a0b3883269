import ArgumentParser
struct IndexInspect: ParsableCommand { static let configuration = CommandConfiguration(commandName: "inspect") }
struct IndexVerify: ParsableCommand { static let configuration = CommandConfiguration(commandName: "verify") }
struct IndexExport: ParsableCommand { static let configuration = CommandConfiguration(commandName: "export") }
struct MountCommand: ParsableCommand { static let configuration = CommandConfiguration(commandName: "mount") }
