import HermesSupport

extension KubernetesClient {
    /// One object.
    package func get<Object: Decodable>(_ type: Object.Type, _ path: ResourcePath) async throws -> Object {
        try await decode(type, Call(path: path, action: "cannot get"))
    }

    /// Makes an object of the kind that `path` names, and returns it as it is then.
    package func create<Object: Codable>(_ object: Object, _ path: ResourcePath) async throws -> Object {
        try await create(object, path, as: Object.self)
    }

    /// Makes an object that is described by another type than the one that it is read as.
    package func create<Object: Decodable>(
        _ description: some Encodable, _ path: ResourcePath, as type: Object.Type
    ) async throws -> Object {
        let body = try JSON.encode(description)
        return try await decode(type, Call(method: "POST", path: path, body: body, action: "cannot create one of"))
    }

    /// Puts an object in the place of another, and returns it as it is then. A field that the type does not have is
    /// lost, so this is for kinds of which the type has all; `mergePatch` leaves other fields as they are.
    package func update<Object: Codable>(_ object: Object, _ path: ResourcePath) async throws -> Object {
        let body = try JSON.encode(object)
        return try await decode(Object.self, Call(method: "PUT", path: path, body: body, action: "cannot update"))
    }

    /// Changes the fields that `patch` has, and returns the object as it is then (RFC 7386). With a
    /// metadata.resourceVersion in it the server answers 409 when the object was changed since.
    package func mergePatch<Object: Decodable>(
        _ patch: some Encodable, _ path: ResourcePath, as type: Object.Type
    ) async throws -> Object {
        var call = Call(method: "PATCH", path: path, body: try JSON.encode(patch), action: "cannot change")
        call.contentType = "application/merge-patch+json"
        return try await decode(type, call)
    }

    /// Begins the deletion of an object.
    package func delete(_ path: ResourcePath) async throws {
        guard path.name != nil else { throw HermesError(.usage, "a deletion of \(path) names no object") }
        _ = try await send(Call(method: "DELETE", path: path, action: "cannot delete"))
    }

    private func decode<Object: Decodable>(_ type: Object.Type, _ call: Call) async throws -> Object {
        try JSON.decode(type, from: try await send(call), name: "the API server's answer about \(call.path)")
    }
}
