//! Asking over the network: HTTP by ureq, TCP by the standard library.
//!
//! Refused, timed out and unreadable are *could not tell*; a wrong status, header, body or version
//! is *no* (plan-language, "Probes").

use super::could_not;
use crate::types::{Answer, HttpAsk, Millis, Series, Version};
use regex_lite::Regex;
use std::io::Read;
use std::net::{TcpStream, ToSocketAddrs};
use ureq::Agent;
use ureq::http::{HeaderMap, Uri};

/// The most that is read of an answer, in bytes.
const MAX_BODY: u64 = 1 << 20;

/// Opens a TCP connection and closes it.
pub(super) fn tcp(address: &str, timeout: Millis) -> Answer {
    let found = match address.to_socket_addrs() {
        Ok(found) => found,
        Err(error) => return could_not(format!("{address}: {error}")),
    };
    let end = crate::shell::clock::up().plus(timeout);
    let mut last = "no address was found".to_owned();
    for socket in found {
        let rest = end.since(crate::shell::clock::up());
        if rest == Millis(0) {
            last = format!("no answer within {} ms", timeout.0);
            break;
        }
        match TcpStream::connect_timeout(&socket, rest.duration()) {
            Ok(_) => return Answer::Yes,
            Err(error) => last = format!("{socket}: {error}"),
        }
    }
    could_not(last)
}

/// Fetches a URL and looks at the answer.
pub(super) fn http(ask: &HttpAsk) -> Answer {
    match fetch(ask) {
        Ok(answer) => answer,
        Err(why) => could_not(why),
    }
}

/// The same; an error is a reason why nobody can tell.
fn fetch(ask: &HttpAsk) -> Result<Answer, String> {
    let uri: Uri = ask.url.parse().map_err(|error| format!("{error}"))?;
    let https = uri.scheme_str() == Some("https");
    if https && !cfg!(feature = "https") {
        return Err("this upwalk was built without https".to_owned());
    }
    let config = Agent::config_builder()
        .proxy(None)
        .http_status_as_error(false)
        .max_redirects(ask.redirects)
        .max_redirects_will_error(false)
        .timeout_global(Some(ask.timeout.duration()))
        .user_agent(concat!("upwalk/", env!("CARGO_PKG_VERSION")));
    #[cfg(feature = "https")]
    let config = config.tls_config(tls(ask)?);
    let agent: Agent = config.build().into();
    let mut response = agent.get(uri).call().map_err(|error| reason(&error))?;
    let status = response.status().as_u16();
    if !ask.status.contains(&status) {
        return Ok(Answer::No(format!("status {status}")));
    }
    if let Some(answer) = headers(ask, response.headers())? {
        return Ok(answer);
    }
    if ask.body.is_none() && ask.version.is_none() {
        return Ok(Answer::Yes);
    }
    let mut bytes = Vec::new();
    let body = response.body_mut().as_reader();
    body.take(MAX_BODY)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("the answer cannot be read: {error}"))?;
    content(ask, &String::from_utf8_lossy(&bytes))
}

/// Why there was no answer, without the error's own prefixes.
fn reason(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}

/// A pattern of the plan's.
fn pattern(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| format!("the pattern {text}: {error}"))
}

/// What is wrong with the headers, if anything is.
fn headers(ask: &HttpAsk, headers: &HeaderMap) -> Result<Option<Answer>, String> {
    for (name, wanted) in &ask.header {
        let wanted = pattern(wanted)?;
        let values: Vec<String> = headers
            .get_all(name.as_str())
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect();
        if !values.iter().any(|value| wanted.is_match(value)) {
            let found = match values.first() {
                Some(value) => format!("is \"{}\"", short(value)),
                None => "is missing".to_owned(),
            };
            return Ok(Some(Answer::No(format!("the header {name} {found}"))));
        }
    }
    Ok(None)
}

/// Looks at the body: the pattern it must match, and the version it tells.
fn content(ask: &HttpAsk, body: &str) -> Result<Answer, String> {
    if let Some(wanted) = &ask.body
        && !pattern(wanted)?.is_match(body)
    {
        return Ok(Answer::No(format!("the body is \"{}\"", short(body))));
    }
    let Some(wanted) = &ask.version else {
        return Ok(Answer::Yes);
    };
    let found = pattern(wanted)?
        .captures(body)
        .and_then(|groups| Some(groups.get(1)?.as_str().to_owned()));
    let Some(found) = found else {
        return Ok(Answer::No("the answer names no version".to_owned()));
    };
    let Some(series) = &ask.version_is else {
        return Ok(Answer::Yes);
    };
    let series = Series::parse(series).map_err(|error| error.to_string())?;
    let fits = Version::parse(&found).is_ok_and(|version| series.contains(&version));
    Ok(if fits {
        Answer::Yes
    } else {
        Answer::No(format!("version {} answers, not {series}", short(&found)))
    })
}

/// The beginning of a text, on one line.
fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(80).collect()
}

/// Which certificates are trusted: those of `ca_file`, else the system's, else those of the web.
#[cfg(feature = "https")]
fn tls(ask: &HttpAsk) -> Result<ureq::tls::TlsConfig, String> {
    use crate::shell::store::read_small;
    use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
    const SYSTEM: [&str; 4] = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ];
    let read = |path: &str| {
        let bytes = read_small(std::path::Path::new(path), 8 << 20);
        bytes.map_err(|error| error.to_string())
    };
    let pem = match &ask.ca_file {
        Some(path) => Some(read(path)?),
        None => SYSTEM.iter().find_map(|path| read(path).ok()),
    };
    let mut certs = Vec::new();
    for item in parse_pem(pem.as_deref().unwrap_or_default()) {
        if let Ok(PemItem::Certificate(cert)) = item {
            certs.push(cert);
        }
    }
    let roots = match (&ask.ca_file, certs.is_empty()) {
        (Some(path), true) => return Err(format!("no certificate is in {path}")),
        (None, true) => RootCerts::WebPki,
        (_, false) => RootCerts::new_with_certs(&certs),
    };
    Ok(TlsConfig::builder()
        .disable_verification(ask.insecure)
        .root_certs(roots)
        .build())
}
