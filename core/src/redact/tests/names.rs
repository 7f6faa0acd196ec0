use super::super::KeyClass;
use super::*;

#[track_caller]
fn class(name: &str) -> KeyClass {
    Redactor::new(Mode::Default).key_class(name)
}

#[test]
fn names_of_secrets_are_known_in_every_spelling() {
    for name in [
        "password",
        "PASSWORD",
        "user.password",
        "userPassword",
        "user_password",
        "user-password",
        "dbpassword",
        "password2",
        "passwordHash",
        "passwordhash",
        "new password",
        "user[password]",
        "passwd",
        "mysql_pwd",
        "passphrase",
        "DB_PASS",
        "secret",
        "client_secret",
        "clientSecret",
        "aws_secret_access_key",
        "mysecret",
        "token",
        "access_token",
        "accesstoken",
        "X-Auth-Token",
        "JWTToken",
        "oauth2Token",
        "refresh_tokens",
        "api-key",
        "apiKey",
        "apikey",
        "APIKEY",
        "APIKey",
        "x-api-key",
        "http.request.header.x-api-key",
        "access-key",
        "AWSAccessKeyId",
        "private_key",
        "privateKeyPem",
        "SharedAccessKey",
        "AccountKey",
        "credential",
        "credentials",
        "creds",
        "auth",
        "authorization",
        "http.request.header.authorization",
        "rpc.grpc.request.metadata.authorization",
        "proxy-authorization",
        "Bearer",
        "cookie",
        "set-cookie",
        "http.response.header.set-cookie",
        "session",
        "session.id",
        "JSESSIONID",
        "PHPSESSID",
        "connect.sid",
        "ASP.NET_SessionId",
        "csrf",
        "csrfmiddlewaretoken",
        "_xsrf",
        "jwt",
        "otp",
        "totp_code",
        "two-factor",
        "ssn",
        "user.ssn",
        "card",
        "credit_card_number",
        "creditcard",
        "cardNumber",
        "cvv",
        "cvv2",
        "iban",
        "db.query.parameter.password",
        "__password__",
        "password.",
        "..token",
    ] {
        assert_eq!(class(name), KeyClass::Secret, "{name}");
    }
}

#[test]
fn names_that_only_resemble_them_are_not() {
    for name in [
        "",
        ".",
        "http.request.method",
        "http.route",
        "url.full",
        "url.query",
        "server.address",
        "author",
        "authors",
        "authority",
        "http.authority",
        "keyboard",
        "key",
        "messaging.kafka.message.key",
        "feature_flag.key",
        "tokenizer",
        "tokens",
        "discard",
        "cardinality",
        "dashboard",
        "wildcard",
        "secretary",
        "obsession",
        "hotplug",
        "compass",
        "bypass",
        "process.pid",
        "user.id",
        "enduser.id",
        "code.function.name",
        "db.query.text",
        "exception.message",
        "exception.stacktrace",
        "shipping",
    ] {
        assert_eq!(class(name), KeyClass::Scan, "{name}");
    }
}

#[test]
fn counts_of_language_model_tokens_are_not_secret() {
    for name in [
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.output_tokens",
        "gen_ai.request.max_tokens",
        "gen_ai.token.type",
        "llm.token_count.prompt",
        "token_count",
        "tokenCount",
        "token.usage",
        "max_token",
    ] {
        assert_eq!(class(name), KeyClass::Scan, "{name}");
    }
    assert_eq!(class("session.token_count.prompt"), KeyClass::Secret);
    assert_eq!(class("gen_ai.client.token"), KeyClass::Secret);
    assert_eq!(class("password.token_count"), KeyClass::Scan);
    assert_eq!(class("password.token_count.secret"), KeyClass::Secret);
}

#[test]
fn a_last_word_that_describes_the_secret_leaves_it_to_the_detectors() {
    for name in [
        "token.type",
        "auth.method",
        "card.brand",
        "session.duration",
        "cookie_count",
        "password.length",
        "authProvider",
    ] {
        assert_eq!(class(name), KeyClass::Scan, "{name}");
    }
    let counts = Counts::new();
    let redactor = Redactor::new(Mode::Default);
    let clean = redactor.attribute("auth.method", "Bearer abc123def456", &counts);
    assert_eq!(clean, "Bearer [REDACTED]");
}

#[test]
fn what_polyspan_writes_itself_is_not_looked_at() {
    assert_eq!(class("telemetry.sdk.name"), KeyClass::Safe);
    assert_eq!(class("polyspan.policy"), KeyClass::Safe);
    assert_eq!(class("polyspan.other"), KeyClass::Scan);
}

#[test]
fn the_whole_value_under_a_secret_name_is_masked_whatever_its_type() {
    let redactor = Redactor::new(Mode::Default);
    let counts = Counts::new();
    assert_eq!(
        redactor.attribute("password", "hunter2", &counts),
        "[REDACTED]"
    );
    assert_eq!(
        redactor.bytes("password", &[0xff, 0], &counts),
        &b"[REDACTED]"[..]
    );
    assert_eq!(redactor.integer("otp", 123456, &counts), Some("[REDACTED]"));
    assert_eq!(redactor.baggage("session", "abc", &counts), "[REDACTED]");
    assert_eq!(redactor.secret(&counts), "[REDACTED]");
    assert_eq!(counts.get(Rule::SecretKey), 5);
    assert_eq!(counts.total(), 5);
}

#[test]
fn an_empty_or_masked_value_under_a_secret_name_is_left_and_not_counted() {
    let redactor = Redactor::new(Mode::Default);
    let counts = Counts::new();
    for value in ["", "[REDACTED]"] {
        let clean = redactor.attribute("password", value, &counts);
        assert!(matches!(clean, Cow::Borrowed(same) if same == value));
        let clean = redactor.bytes("password", value.as_bytes(), &counts);
        assert_eq!(clean, value.as_bytes());
    }
    assert_eq!(counts.total(), 0);
}
