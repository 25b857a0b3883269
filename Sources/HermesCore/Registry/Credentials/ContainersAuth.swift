import Glibc
import HermesSupport

/// The credentials that Podman, Buildah and Skopeo keep: auth.json (containers-auth.json(5)), whose keys may name a
/// registry, a part of its repositories, or one of them.
package enum ContainersAuth {
    /// Looks in the file that REGISTRY_AUTH_FILE names, or else in $XDG_RUNTIME_DIR/containers/auth.json (as root also
    /// /run/containers/0/auth.json) and ~/.config/containers/auth.json. Missing files mean no credentials.
    package static let lookup: CredentialLookup = { scope in
        for path in paths {
            if let found = try DockerConfig(path: path)?.credentials(for: scope) { return found }
        }
        return nil
    }

    private static var paths: [String] {
        let variable = EnvironmentVariable.value
        if let path = variable("REGISTRY_AUTH_FILE") { return [path] }
        let runtime = variable("XDG_RUNTIME_DIR") ?? "/run/containers/\(geteuid())"
        let home = variable("XDG_CONFIG_HOME") ?? variable("HOME").map { $0 + "/.config" }
        let folder = variable("XDG_RUNTIME_DIR") == nil ? runtime : runtime + "/containers"
        return ["\(folder)/auth.json"] + (home.map { ["\($0)/containers/auth.json"] } ?? [])
    }
}
