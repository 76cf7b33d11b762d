//! The description of the API. What a route takes and answers is said at the route; what all have in common is said here.

use crate::routes::{STOP, routes};
use crate::{
    ApiError, AskEvent, ChannelInfo, ChannelTest, Conversation, Digest, DreamSummary, ErrorKind, Event, InboxItem, Permission,
    PluginInfo, ProactiveStatus, ProjectSignals, ProjectStatus, ProjectTrust, Status, ToolInfo, ToolOutput,
};
use kairos_core::dream::{Dream, Reverted};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::{Content, KnownFormat, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder, SchemaFormat, Type};
use utoipa::{IntoResponses, OpenApi, ToSchema};

const ABOUT: &str = "\
What a running `kairos-run` does for others: HTTP/1.1 and JSON over a unix socket that its user alone, and root, can reach. \
The command line uses it, too.

    socket=$(kairos-run config path --json | jq -r .socket)
    curl --unix-socket \"$socket\" http://localhost/v1/status

## Versions
Each answer names the version of the process in the header `kairos-run-version`. A request may name its own there. If it does, \
the first two numbers have to be the same: 0.3.1 and 0.3.9 understand each other, 0.3 and 0.4 don't, and are told so by \
status 426. Only `/v1/stop` is open to all, so that a client of any version can end the process and start its own. A request \
without the header, as from `curl`, is on its own.

Below `/v1` addresses, fields and events are only added: leave alone what you don't know.

## Errors
Each error is an `ApiError`: what is wrong, and where there is a way, what to do about it. An address that doesn't exist is \
told by 404, a method that it doesn't take by 405.

## Values
Times are milliseconds since 1970-01-01T00:00:00Z. All text that comes from a project or a plugin is untrusted.";

#[derive(OpenApi)]
#[openapi(
    info(title = "kairos-run", description = ABOUT),
    servers((url = "http://localhost", description = "By the unix socket; the name does not matter")),
    components(schemas(
        ApiError, AskEvent, ChannelInfo, ChannelTest, crate::routes::CiStatus, Conversation, Digest, Dream, DreamSummary, Event, InboxItem, crate::McpServers, crate::Models, crate::SkillInfo, Permission, PluginInfo, crate::Schedule, ProactiveStatus,
        ProjectSignals, ProjectStatus, ProjectTrust, Reverted, Status, ToolInfo, ToolOutput
    ))
)]
struct Api;

const ERRORS: [(ErrorKind, &str); 6] = [
    (ErrorKind::Invalid, "The request can't be understood, or asks for what makes no sense."),
    (ErrorKind::NotFound, "What is named does not exist."),
    (ErrorKind::Conflict, "This is not possible as things are."),
    (ErrorKind::TooLarge, "The body is over 1 MiB."),
    (ErrorKind::Version, "The client names a version that the process can't speak with. `kairos-run restart` helps."),
    (ErrorKind::Internal, "Something is wrong with the process, not with the request."),
];

/// What the parts of an address stand for.
const PARTS: [(&str, &str); 6] = [
    ("conversation", "A conversation's id, as the list shows it."),
    ("dream", "A dream's id, as the list shows it."),
    ("id", "A finding's id, as the inbox shows it."),
    ("permission", "A question's id, as its event or the list names it."),
    ("name", "A plugin's name."),
    ("project", "A project's folder or slug; slashes of a folder as `%2F`."),
];

/// A route that may answer [`ErrorKind::Conflict`].
pub(crate) struct Conflict;

/// A route whose request may name what does not exist.
pub(crate) struct Missing;

impl IntoResponses for Conflict {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from([refusal(ErrorKind::Conflict)])
    }
}

impl IntoResponses for Missing {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from([refusal(ErrorKind::NotFound)])
    }
}

/// The document, as JSON. Made when it is first asked for.
pub(crate) fn document() -> &'static str {
    static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
        let mut api = Api::openapi();
        api.merge(routes().into_openapi());
        for (path, item) in &mut api.paths.paths {
            for operation in [&mut item.get, &mut item.post, &mut item.put, &mut item.delete].into_iter().flatten() {
                complete(path, operation);
            }
        }
        let components = api.components.get_or_insert_default();
        for (kind, why) in ERRORS {
            let body = Content::new(Some(Ref::from_schema_name(ApiError::name())));
            let response = ResponseBuilder::new().description(why).content("application/json", body);
            components.responses.insert(name(kind), response.build().into());
        }
        // An alias is taken for a type of its own, by the name of what it stands for.
        components.schemas.remove("u64");
        let millis = ObjectBuilder::new().schema_type(Type::Integer).format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)));
        components.schemas.insert(
            "Millis".into(),
            millis.minimum(Some(0)).description(Some("Milliseconds since 1970-01-01T00:00:00Z.")).into(),
        );
        api.to_json().unwrap_or_default().replace("#/components/schemas/u64\"", "#/components/schemas/Millis\"")
    });
    &DOCUMENT
}

/// Adds what follows from the address, and from what the route takes.
fn complete(path: &str, operation: &mut Operation) {
    operation.tags = path.split('/').nth(2).map(|group| vec![group.trim_end_matches(".json").to_string()]);
    let mut errors = vec![ErrorKind::Internal];
    for parameter in operation.parameters.iter_mut().flatten() {
        errors.push(ErrorKind::Invalid);
        let RefOr::T(parameter) = parameter else { continue };
        if parameter.parameter_in == ParameterIn::Path {
            errors.push(ErrorKind::NotFound);
            parameter.description = PARTS.iter().find(|(part, _)| *part == parameter.name).map(|(_, what)| (*what).into());
        }
    }
    if operation.request_body.is_some() {
        errors.extend([ErrorKind::Invalid, ErrorKind::TooLarge]);
    }
    if path != STOP {
        errors.push(ErrorKind::Version);
    }
    operation.responses.responses.extend(errors.into_iter().map(refusal));
}

fn refusal(kind: ErrorKind) -> (String, RefOr<Response>) {
    (kind.status().as_str().into(), Ref::from_response_name(name(kind)).into())
}

fn name(kind: ErrorKind) -> String {
    format!("{kind:?}")
}

#[cfg(test)]
mod tests {
    use super::document;
    use serde_json::Value;
    use std::collections::BTreeSet;

    fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str));
                map.values().for_each(|v| references(v, found));
            }
            Value::Array(all) => all.iter().for_each(|v| references(v, found)),
            _ => {}
        }
    }

    #[test]
    fn what_is_named_is_described_and_what_is_described_is_named() {
        let api: Value = serde_json::from_str(document()).unwrap();
        let mut named = BTreeSet::new();
        references(&api, &mut named);
        let described: BTreeSet<String> = ["schemas", "responses"]
            .iter()
            .flat_map(|group| {
                api["components"][group].as_object().unwrap().keys().map(move |name| format!("#/components/{group}/{name}"))
            })
            .collect();
        assert_eq!(named, described.iter().map(String::as_str).collect());
    }

    #[test]
    fn each_route_says_what_it_is_for_and_what_it_answers() {
        let api: Value = serde_json::from_str(document()).unwrap();
        assert_eq!(api["openapi"], "3.1.0");
        let mut ids = BTreeSet::new();
        for (path, item) in api["paths"].as_object().unwrap() {
            for (method, route) in item.as_object().unwrap() {
                let here = format!("{method} {path}: {route}");
                assert!(ids.insert(route["operationId"].as_str().unwrap()), "{here}");
                assert!(route["summary"].as_str().is_some_and(|s| !s.is_empty()), "{here}");
                let good = &route["responses"]["200"];
                assert!(good["description"].as_str().is_some_and(|s| !s.is_empty()), "{here}");
                assert!(good["content"].as_object().unwrap().values().all(|c| c["schema"].is_object()), "{here}");
                assert_eq!(route["responses"]["500"]["$ref"], "#/components/responses/Internal", "{here}");
                for parameter in route["parameters"].as_array().into_iter().flatten() {
                    assert!(parameter["description"].is_string(), "{here}");
                }
                let parts = path.matches('{').count();
                let parameters = route["parameters"].as_array().into_iter().flatten();
                assert_eq!(parameters.filter(|p| p["in"] == "path").count(), parts, "{here}");
            }
        }
    }
}
