use super::*;

#[test]
fn an_e_mail_address_is_masked_and_the_sentence_around_it_stays() {
    for (text, expected) in [
        ("ada@example.org", "[REDACTED]"),
        (
            "mail ada.lovelace+x@mail.example.co.uk, please.",
            "mail [REDACTED], please.",
        ),
        ("<ada@example.org>", "<[REDACTED]>"),
        ("user=ada@example.org;x", "user=[REDACTED];x"),
        ("to ada@example.org.", "to [REDACTED]."),
        ("o'brien@example.org", "[REDACTED]"),
        ("'ada@example.org'", "'[REDACTED]'"),
        ("jörg@bücher.example", "[REDACTED]"),
        ("a@xn--d1acufc.xn--p1ai", "[REDACTED]"),
        (
            "mailto:ada@example.org?subject=x",
            "mailto:[REDACTED]?subject=x",
        ),
    ] {
        becomes(text, expected, Rule::Email);
    }
}

#[test]
fn two_e_mail_addresses_are_two_findings() {
    let (clean, fired) = redact("ada@example.org,bob@example.org");
    assert_eq!(clean, "[REDACTED],[REDACTED]");
    assert_eq!(fired, [("email", 2)]);
}

#[test]
fn an_at_sign_alone_is_no_e_mail_address() {
    for text in [
        "@",
        "@ada",
        "ada@",
        "ada@localhost",
        "info@presidio.",
        "a @ b.c",
        "pkg@1.2.3",
        "lodash@4.17.21",
        "@scope/pkg@2.0.0",
        "img/logo@2x.png",
        "com.acme.Order@7852e922",
        "root@10.0.0.1",
        "@app.route('/x')",
        "git@github.com:acme/shop.git",
        "REDACTED@example.org",
        "image@sha256:abcdef",
        "5@6.7",
    ] {
        stays(text);
    }
}

#[test]
fn a_card_number_is_masked_plain_and_grouped() {
    for (text, expected) in [
        ("4111111111111111", "[REDACTED]"),
        (
            "card 4111 1111 1111 1111 declined",
            "card [REDACTED] declined",
        ),
        ("5105-1051-0510-5100", "[REDACTED]"),
        ("amex 3782 822463 10005.", "amex [REDACTED]."),
        ("n=378282246310005,", "n=[REDACTED],"),
        ("30569309025904", "[REDACTED]"),
        ("3056 930902 5904", "[REDACTED]"),
        ("6011000990139424", "[REDACTED]"),
        ("3530111333300000", "[REDACTED]"),
        ("2223003122003222", "[REDACTED]"),
        ("4222222222222", "[REDACTED]"),
        ("501800000009", "[REDACTED]"),
        // The address overlaps the card and goes with it.
        ("4111 1111 1111 1111@example.org", "[REDACTED]"),
        ("q=4111+1111+1111+1111", "q=[REDACTED]"),
        (
            "on 2026-11-25 4111 1111 1111 1111 12/28 123",
            "on 2026-11-25 [REDACTED] 12/28 123",
        ),
        ("PAN:4111111111111111X", "PAN:[REDACTED]X"),
    ] {
        becomes(text, expected, Rule::Card);
    }
}

#[test]
fn a_number_that_misses_one_mark_of_a_card_number_stays() {
    for text in [
        "4111111111111112",    // checksum
        "41111111111114",      // length that the network does not issue
        "411111111111111",     // length of another network
        "41111111111111111",   // one digit more
        "04111111111111111",   // a digit before
        "1111111111111117",    // no network
        "4111 1111-1111 1111", // two kinds of separators
        "41 111111 11111111",  // not grouped like a card
        "0.4111111111111111",  // a fraction
        "4111111111111111.5",  // a decimal number
        "1763979600000",
        "1763979600000000000",
        "2026-11-25T10:00:00.000000000Z",
        "550e8400-e29b-41d4-a716-446655440000",
        "4bf92f3577b34da6a3ce929d0e0e4736",
        "+49 30 901820",
        "192.168.100.200:8080",
    ] {
        stays(text);
    }
}

#[test]
fn a_whole_number_that_is_a_card_number_is_masked() {
    let redactor = Redactor::new(Mode::Default);
    let counts = Counts::new();
    assert_eq!(
        redactor.integer("n", 4111111111111111, &counts),
        Some("[REDACTED]")
    );
    assert_eq!(counts.get(Rule::Card), 1);
    for number in [
        0,
        -4111111111111111,
        4111111111111112,
        i64::MAX,
        i64::MIN,
        1763979600000000000,
    ] {
        assert_eq!(redactor.integer("n", number, &counts), None);
    }
    assert_eq!(counts.total(), 1);
}

#[test]
fn credentials_after_a_scheme_are_masked_and_the_scheme_stays() {
    for (text, expected) in [
        ("Bearer abc", "Bearer [REDACTED]"),
        ("bearer  mF_9.B5f-4.1JqM", "bearer  [REDACTED]"),
        (
            "sent Authorization: Bearer 0123abcd, got 401",
            "sent Authorization: Bearer [REDACTED], got 401",
        ),
        (
            "the header was Bearer sk-9a8b7c6d5e and it failed",
            "the header was Bearer [REDACTED] and it failed",
        ),
        (
            "-H 'Authorization: Basic YWRhOmh1bnRlcjI='",
            "-H 'Authorization: Basic [REDACTED]'",
        ),
        (
            "got basic YWRhOmh1bnRlcjI= here",
            "got basic [REDACTED] here",
        ),
    ] {
        becomes(text, expected, Rule::Bearer);
    }
    let token = jwt(r#"{"alg":"HS256"}"#);
    becomes(
        &format!("Bearer {token}"),
        "Bearer [REDACTED]",
        Rule::Bearer,
    );
}

#[test]
fn sentences_about_schemes_stay() {
    for text in [
        "Bearer token missing",
        "Bearer authentication failed",
        "expected Bearer, got Basic",
        "Bearer",
        "Bearer realm=\"api\", error=\"invalid_token\"",
        "Basic realm=\"x\"",
        "basic authentication",
        "Basic auth",
        "Basic plan",
        "Basic subscription",
        "the bearer of bad news",
        "forbearer abc123def",
        "Basic operations on 12 tables",
        "Bearer [REDACTED]",
    ] {
        stays(text);
    }
}

#[test]
fn a_json_web_token_is_masked_signed_unsigned_encrypted_or_cut() {
    let token = jwt(r#"{"alg":"HS256","typ":"JWT"}"#);
    becomes(
        &format!("got {token}, expired"),
        "got [REDACTED], expired",
        Rule::Jwt,
    );
    becomes(&format!("auth-{token}"), "auth-[REDACTED]", Rule::Jwt);
    let (unsigned, _) = token.rsplit_once('.').unwrap();
    becomes(&format!("{unsigned}."), "[REDACTED]", Rule::Jwt);
    becomes(&unsigned[..unsigned.len() - 5], "[REDACTED]", Rule::Jwt);
    let encrypted = format!(
        "{}.a.b.c.d rest",
        base64url(br#"{"alg":"dir","enc":"A256GCM"}"#)
    );
    becomes(&encrypted, "[REDACTED] rest", Rule::Jwt);
}

#[test]
fn what_only_looks_like_a_token_stays() {
    let no_algorithm = jwt(r#"{"typ":"JWT"}"#);
    for text in [
        "eyJ",
        "eyJ.eyJ",
        "eyJhbGciOiJIUzI1NiJ9",
        "heyJude.example",
        &no_algorithm,
    ] {
        stays(text);
    }
}

#[test]
fn user_and_password_of_a_url_are_masked() {
    for (text, expected) in [
        (
            "https://ada:hunter2@example.org/x?y=z",
            "https://REDACTED:REDACTED@example.org/x?y=z",
        ),
        (
            "https://ghp_abc@github.com",
            "https://REDACTED:REDACTED@github.com",
        ),
        (
            "redis://:hunter2@cache:6379/0",
            "redis://REDACTED:REDACTED@cache:6379/0",
        ),
        (
            "to postgres://u:p/w@db/shop failed",
            "to postgres://REDACTED:REDACTED@db/shop failed",
        ),
        (
            "jdbc:mysql://u:p@h/db",
            "jdbc:mysql://REDACTED:REDACTED@h/db",
        ),
        (
            "https://ada@example.org:pw@host",
            "https://REDACTED:REDACTED@host",
        ),
    ] {
        becomes(text, expected, Rule::UrlCredentials);
    }
}

#[test]
fn urls_without_credentials_stay() {
    for text in [
        "https://example.org:8443/@ada/p@th?q=a@b",
        "ssh://git@github.com/acme/shop.git",
        "http://[::1]:80/@x",
        "https://REDACTED:REDACTED@example.org/",
        "https://@example.org",
        "://ada:pw@x",
        "a:b@c",
    ] {
        stays(text);
    }
}

#[test]
fn signature_parameters_keep_their_name() {
    for name in [
        "AWSAccessKeyId",
        "Signature",
        "sig",
        "X-Amz-Signature",
        "X-Amz-Credential",
        "X-Amz-Security-Token",
        "X-Goog-Signature",
        "x-amz-signature",
    ] {
        becomes(
            &format!("https://s3.example/b/o?a=1&{name}=AKIA%2F20#top"),
            &format!("https://s3.example/b/o?a=1&{name}=REDACTED#top"),
            Rule::UrlSignature,
        );
        becomes(
            &format!("{name}=abc&x=1"),
            &format!("{name}=REDACTED&x=1"),
            Rule::UrlSignature,
        );
    }
    stays("killed with sig=11");
}

#[test]
fn pairs_with_a_secret_name_keep_their_name() {
    for (text, expected) in [
        ("?q=1&token=abc&x=2", "?q=1&token=REDACTED&x=2"),
        ("api_key=abc", "api_key=REDACTED"),
        (
            "Server=db;User Id=sa;Password=hunter,2;Timeout=5",
            "Server=db;User Id=sa;Password=REDACTED,2;Timeout=5",
        ),
        (
            "theme=dark; PHPSESSID=r2t5; lang=de",
            "theme=dark; PHPSESSID=REDACTED; lang=de",
        ),
        (
            "run --password=hunter2 --verbose",
            "run --password=REDACTED --verbose",
        ),
        (
            "WHERE name = $1 AND password = 'hunter2'",
            "WHERE name = $1 AND password = 'REDACTED'",
        ),
        (
            "Login(user='ada', password='hunter2')",
            "Login(user='ada', password='REDACTED')",
        ),
        ("secret=\"a b\" x", "secret=\"REDACTED\" x"),
        ("password='cut off", "password='REDACTED"),
    ] {
        becomes(text, expected, Rule::SecretParameter);
    }
}

#[test]
fn pairs_that_hide_nothing_stay() {
    for text in [
        "token=",
        "?token=&x=1",
        "password=?",
        "password = ?",
        "token=$1",
        "auth=true",
        "session=None",
        "token == x",
        "password != 'x'",
        "token => x",
        "retries=3&page=2",
        "password=****",
        "token=REDACTED",
        "password=[REDACTED]",
        "=x",
        "a==b",
        "max_tokens=5",
    ] {
        stays(text);
    }
}

#[test]
fn a_json_member_with_a_secret_name_is_masked_and_the_rest_stays() {
    for (text, expected) in [
        (
            r#"{"user":"ada","password":"hunter2","n":1}"#,
            r#"{"user":"ada","password":"[REDACTED]","n":1}"#,
        ),
        (
            r#"{ "apiKey" : "x\"y" , "b":2}"#,
            r#"{ "apiKey" : "[REDACTED]" , "b":2}"#,
        ),
        (r#"{"otp":123456,"b":2}"#, r#"{"otp":"[REDACTED]","b":2}"#),
        (
            r#"{"card":{"number":"1","x":["}"]},"b":2}"#,
            r#"{"card":"[REDACTED]","b":2}"#,
        ),
        (r#"{"cookies":["a","b"]}"#, r#"{"cookies":"[REDACTED]"}"#),
        (
            r#"bad body: {"a":{"secret":"s"}} (400)"#,
            r#"bad body: {"a":{"secret":"[REDACTED]"}} (400)"#,
        ),
        (r#"{"password":"hunt"#, r#"{"password":"[REDACTED]"#),
        (r#"{"password":"hunt\"#, r#"{"password":"[REDACTED]"#),
        (r#"{"card":{"number":1"#, r#"{"card":"[REDACTED]""#),
        (
            r#"er2","password":"x"}"#,
            r#"er2","password":"[REDACTED]"}"#,
        ),
        (
            "{'password': 'hunter2', 'n': 1}",
            "{'password': '[REDACTED]', 'n': 1}",
        ),
        ("{'pwd': b'hunter2'}", "{'pwd': b'[REDACTED]'}"),
        (
            r#"{"password"=>"hunter2"}"#,
            r#"{"password"=>"[REDACTED]"}"#,
        ),
    ] {
        becomes(text, expected, Rule::JsonMember);
    }
}

#[test]
fn json_members_that_hide_nothing_stay() {
    for text in [
        r#"{"password":null,"token":"","auth":true,"session":{},"cookies":[]}"#,
        r#"{"name":"password","value":1}"#,
        r#"{"max_tokens":512,"usage":{"input_tokens":3}}"#,
        r#"{"password":"[REDACTED]"}"#,
        r#"["password","x"]"#,
        r#"the field "password" is missing"#,
    ] {
        stays(text);
    }
}

#[test]
fn ordinary_values_stay_and_are_not_copied() {
    for text in [
        "",
        "GET",
        "/users/12/orders",
        "SELECT id FROM orders WHERE id = $1",
        "HTTP/1.1",
        "10.0.0.1",
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "application/json; charset=utf-8",
        "java.lang.IllegalStateException: no order 17",
        "https://example.org/a%20b?x=%41&page=3",
        "100 %",
        r"C:\new\temp",
        "größe: 3 €",
    ] {
        stays(text);
    }
}

#[test]
fn header_lines_keep_their_name() {
    for (text, expected) in [
        ("X-Api-Key: abc123def", "X-Api-Key: [REDACTED]"),
        (
            "curl -H \"Token: 3fea6af1349166ea\" -d x",
            "curl -H \"Token: [REDACTED]\" -d x",
        ),
        (
            "curl -H 'Authorization: Token 22cb987851bc' /x",
            "curl -H 'Authorization: Token [REDACTED]' /x",
        ),
        (
            "Host: x\r\nAuthorization: abc123def\r\n",
            "Host: x\r\nAuthorization: [REDACTED]\r\n",
        ),
        (
            "cannot log in with password: hunter2 today",
            "cannot log in with password: [REDACTED] today",
        ),
        (
            "bad access_token: abc123def (expired)",
            "bad access_token: [REDACTED] (expired)",
        ),
    ] {
        becomes(text, expected, Rule::SecretParameter);
    }
}

#[test]
fn colons_in_sentences_and_traces_stay() {
    for text in [
        "invalid token: unexpected end of input",
        "password: must have at least 12 characters",
        "password: incorrect",
        "Authorization: denied",
        "AuthError: E1002X",
        "com.acme.auth.AuthException: Code12345 failed",
        "at com.acme.auth.TokenFilter.doFilter(TokenFilter.java:123)",
        "/app/auth/session.js:120345:12",
        "http://auth-service:8080/path1/x",
        "session: closed",
        "no such session: abc123def456",
        "cannot reach auth-service:8080",
        "card: 4 of hearts",
        "expected token: 17",
        "password: [REDACTED]",
    ] {
        stays(text);
    }
}
