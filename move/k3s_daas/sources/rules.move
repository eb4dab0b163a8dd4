/// Rules of tokens and grants, matched as Kubernetes RBAC matches a PolicyRule.
///
/// - `*` as group, resource or verb matches all; as namespace it matches all and cluster scope (the empty namespace).
/// - A resource, `*` too, covers no subresource: a rule's subresource `""` matches requests without one only,
///   `*` matches every request with one, and none without.
/// - A rule whose subresource begins with `/` is for non-resource URLs: group, resource and namespace are empty, the
///   subresource is the path, and a `*` at its end matches every continuation.
/// - exec, attach, portforward and proxy count as `create`, whatever the HTTP method was.
module k3s_daas::rules;

use std::string::String;

const MAX_VERBS: u64 = 32;
const MAX_VERB_BYTES: u64 = 63;
const MAX_NAME_BYTES: u64 = 253;
const MAX_PATH_BYTES: u64 = 1_024;
const SLASH: u8 = 47;
const STAR: u8 = 42;

#[error]
const ENoVerbs: vector<u8> = b"a rule has no verbs";
#[error]
const ETooManyVerbs: vector<u8> = b"a rule has more than 32 verbs";
#[error]
const EVerbLength: vector<u8> = b"a verb is empty or longer than 63 bytes";
#[error]
const ENameLength: vector<u8> = b"a group, resource, subresource or namespace is longer than 253 bytes";
#[error]
const EPathLength: vector<u8> = b"a URL path is longer than 1,024 bytes";
#[error]
const EMixedRule: vector<u8> = b"a rule for a URL path has a group, a resource or a namespace";
#[error]
const ENoResource: vector<u8> = b"a rule or request names neither a resource nor a URL path";
#[error]
const ERuleText: vector<u8> = b"a rule's text is not group, resource, subresource, namespace and at least one verb";
#[error]
const ETooManyRules: vector<u8> = b"there are more rules than allowed";

/// What one rule permits.
public struct Rule has copy, drop, store {
    group: String,
    resource: String,
    subresource: String,
    namespace: String,
    verbs: vector<String>,
}

/// What a request asks for, in the words of the apiserver's RequestInfo; the part of a request that is public.
public struct Envelope has copy, drop, store {
    verb: String,
    group: String,
    resource: String,
    subresource: String,
    namespace: String,
}

/// A rule of one of the two forms, resource or URL path.
public fun new_rule(
    group: String,
    resource: String,
    subresource: String,
    namespace: String,
    verbs: vector<String>,
): Rule {
    assert!(!verbs.is_empty(), ENoVerbs);
    assert!(verbs.length() <= MAX_VERBS, ETooManyVerbs);
    verbs.do_ref!(|verb| assert_verb(verb));
    assert_target(&group, &resource, &subresource, &namespace);
    Rule { group, resource, subresource, namespace, verbs }
}

/// Rules from their texts, each group, resource, subresource, namespace and then the verbs: the form in which an entry
/// function takes them, because Sui lets those take only plain values and objects.
public(package) fun from_texts(texts: vector<vector<String>>): vector<Rule> {
    texts.map!(|text| {
        assert!(text.length() > 4, ERuleText);
        let mut rest = text;
        rest.reverse();
        let group = rest.pop_back();
        let resource = rest.pop_back();
        let subresource = rest.pop_back();
        let namespace = rest.pop_back();
        rest.reverse();
        new_rule(group, resource, subresource, namespace, rest)
    })
}

/// An envelope of one of the two forms.
public(package) fun new_envelope(
    verb: String,
    group: String,
    resource: String,
    subresource: String,
    namespace: String,
): Envelope {
    assert_verb(&verb);
    assert_target(&group, &resource, &subresource, &namespace);
    Envelope { verb, group, resource, subresource, namespace }
}

/// Aborts when there are more than `max` rules.
public(package) fun assert_count(rules: &vector<Rule>, max: u64) {
    assert!(rules.length() <= max, ETooManyRules);
}

/// Whether one of the rules permits what the envelope asks for.
public fun allow(rules: &vector<Rule>, envelope: &Envelope): bool {
    let verb = counted_verb(envelope);
    rules.any!(|rule| {
        covers_target(rule, &envelope.group, &envelope.resource, &envelope.subresource, &envelope.namespace)
            && covers_verb(rule, &verb)
    })
}

/// Whether every rule of `narrow` lies within one rule of `wide`.
public fun is_within(narrow: &vector<Rule>, wide: &vector<Rule>): bool {
    narrow.all!(|inner| wide.any!(|outer| {
        covers_target(outer, &inner.group, &inner.resource, &inner.subresource, &inner.namespace)
            && inner.verbs.all!(|verb| covers_verb(outer, verb))
    }))
}

/// The verb that a request is judged by: exec, attach, portforward and proxy are `create`.
public fun counted_verb(envelope: &Envelope): String {
    let subresource = envelope.subresource.as_bytes();
    if (
        subresource == b"exec" || subresource == b"attach" || subresource == b"portforward" || subresource == b"proxy"
    ) b"create".to_string() else envelope.verb
}

/// Whether a request only reads, so that it needs no stake: get, list and watch.
public fun is_read(envelope: &Envelope): bool {
    let verb = counted_verb(envelope).into_bytes();
    verb == b"get" || verb == b"list" || verb == b"watch"
}

/// The verb as it was asked.
public fun verb(self: &Envelope): String { self.verb }

/// The API group; empty is the core group.
public fun group(self: &Envelope): String { self.group }

/// The resource; empty for a URL path.
public fun resource(self: &Envelope): String { self.resource }

/// The subresource, or the URL path.
public fun subresource(self: &Envelope): String { self.subresource }

/// The namespace; empty is cluster scope.
public fun namespace(self: &Envelope): String { self.namespace }

fun covers_target(
    rule: &Rule,
    group: &String,
    resource: &String,
    subresource: &String,
    namespace: &String,
): bool {
    if (is_path(&rule.subresource) || is_path(subresource)) {
        return is_path(&rule.subresource) && is_path(subresource) && covers_path(&rule.subresource, subresource)
    };
    covers(&rule.group, group)
        && covers(&rule.resource, resource)
        && covers_subresource(&rule.subresource, subresource)
        && covers(&rule.namespace, namespace)
}

fun covers(pattern: &String, value: &String): bool {
    pattern.as_bytes() == b"*" || pattern == value
}

fun covers_subresource(pattern: &String, value: &String): bool {
    if (value.is_empty()) pattern.is_empty() else covers(pattern, value)
}

fun covers_path(pattern: &String, path: &String): bool {
    let last = pattern.length() - 1;
    if (pattern.as_bytes()[last] != STAR) return pattern == path;
    path.length() >= last && path.as_bytes().length() >= last && starts_with(path, pattern, last)
}

/// Compared as substrings, by natives: no loop per byte. A cut inside a character is no match.
fun starts_with(path: &String, pattern: &String, length: u64): bool {
    let prefix = pattern.substring(0, length);
    path.index_of(&prefix) == 0
}

fun covers_verb(rule: &Rule, verb: &String): bool {
    rule.verbs.any!(|permitted| covers(permitted, verb))
}

fun is_path(subresource: &String): bool {
    !subresource.is_empty() && subresource.as_bytes()[0] == SLASH
}

fun assert_verb(verb: &String) {
    assert!(!verb.is_empty() && verb.length() <= MAX_VERB_BYTES, EVerbLength);
}

fun assert_target(group: &String, resource: &String, subresource: &String, namespace: &String) {
    if (is_path(subresource)) {
        assert!(subresource.length() <= MAX_PATH_BYTES, EPathLength);
        assert!(group.is_empty() && resource.is_empty() && namespace.is_empty(), EMixedRule);
    } else {
        assert!(!resource.is_empty(), ENoResource);
        assert!(
            group.length() <= MAX_NAME_BYTES
                && resource.length() <= MAX_NAME_BYTES
                && subresource.length() <= MAX_NAME_BYTES
                && namespace.length() <= MAX_NAME_BYTES,
            ENameLength,
        );
    }
}
