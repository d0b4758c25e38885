//! A browser as somebody uses it who sees no ids: it follows links by their text, and fills in forms by their labels.

use std::collections::BTreeMap;
use std::time::Duration;

use scraper::{ElementRef, Html, Selector};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Redirects followed in a row.
const REDIRECTS_MAX: usize = 5;
/// Longest wait for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// One window, with its cookies.
pub struct Browser {
    host: String,
    cookies: BTreeMap<String, String>,
    language: &'static str,
    pub page: Page,
}

/// What is shown.
#[derive(Clone, Default)]
pub struct Page {
    pub status: u16,
    pub address: String,
    pub headers: BTreeMap<String, String>,
    pub html: String,
}

/// Around the parts of a form that has files.
const BOUNDARY: &str = "----parts-of-a-form";
const IN_ONE: &str = "application/x-www-form-urlencoded";

/// What is sent from a form.
struct Sending {
    method: String,
    address: String,
    fields: Vec<(String, String)>,
}

impl Browser {
    /// `base`: `http://host:port`
    pub fn new(base: &str) -> Self {
        let host = base.strip_prefix("http://").unwrap().to_owned();
        Self { host, cookies: BTreeMap::new(), language: "en", page: Page::default() }
    }

    pub fn speaking(mut self, language: &'static str) -> Self {
        self.language = language;
        self
    }

    pub async fn open(&mut self, address: &str) -> &Page {
        self.go("GET", address, &[]).await
    }

    /// Fills in the form that has a button with this text, by its labels, and presses it. `under` is a text by which the
    /// form is found where there are several: its heading, say; empty for the first.
    pub async fn send(&mut self, under: &str, button: &str, typed: &[(&str, &str)]) -> &Page {
        let sending = self.page.fill(under, button, typed);
        self.go(&sending.method, &sending.address, &sending.fields).await
    }

    /// The same with a file, by the label of its field.
    pub async fn send_file(&mut self, button: &str, typed: &[(&str, &str)], file: (&str, &str, &[u8])) -> &Page {
        let (label, name, content) = file;
        let sending = self.page.fill("", button, &[typed, &[(label, name)]].concat());
        let field = self.page.name("", button, label);
        let mut body = Vec::new();
        for (known, value) in &sending.fields {
            let file = if *known == field { format!("; filename=\"{name}\"") } else { String::new() };
            let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{known}\"{file}\r\n\r\n");
            body.extend(head.bytes());
            body.extend(if *known == field { content } else { value.as_bytes() });
            body.extend(b"\r\n");
        }
        body.extend(format!("--{BOUNDARY}--\r\n").bytes());
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        self.page = self.ask(&sending.method, &sending.address, &body, &kind).await;
        match self.page.headers.get("location").cloned() {
            Some(next) => self.open(&next).await,
            None => &self.page,
        }
    }

    /// What is behind an address that is no page: its status, its kind, and its bytes.
    pub async fn fetch(&self, address: &str) -> (u16, String, Vec<u8>) {
        let answer = self.answer("GET", address, b"", IN_ONE).await;
        let end = answer.windows(4).position(|it| it == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let kind = head.lines().find_map(|line| line.strip_prefix("content-type: ")).unwrap_or_default().to_owned();
        (status, kind, answer[end + 4..].to_vec())
    }

    /// Sends a form as it was shown on a page before.
    pub async fn send_from(&mut self, page: &Page, under: &str, button: &str, typed: &[(&str, &str)]) -> &Page {
        let sending = page.fill(under, button, typed);
        self.go(&sending.method, &sending.address, &sending.fields).await
    }

    /// Sends what no form has.
    pub async fn post(&mut self, address: &str, fields: &[(String, String)]) -> &Page {
        self.go("POST", address, fields).await
    }

    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    pub fn put_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    async fn go(&mut self, method: &str, address: &str, fields: &[(String, String)]) -> &Page {
        let (mut method, mut address, mut body) = (method.to_owned(), address.to_owned(), encoded(fields));
        if method == "GET" && !body.is_empty() {
            address = format!("{address}?{body}");
            body.clear();
        }
        for _ in 0..REDIRECTS_MAX {
            self.page = timeout(ANSWER_MAX, self.ask(&method, &address, body.as_bytes(), IN_ONE))
                .await
                .expect("an answer in time");
            match self.page.headers.get("location").filter(|_| (300..400).contains(&self.page.status)) {
                Some(next) => (method, address, body) = ("GET".to_owned(), next.clone(), String::new()),
                None => return &self.page,
            }
        }
        panic!("{address} leads on and on");
    }

    /// HTTP/1.0: an answer ends where the connection does.
    async fn answer(&self, method: &str, address: &str, body: &[u8], kind: &str) -> Vec<u8> {
        let mut stream = TcpStream::connect(&self.host).await.unwrap();
        stream.write_all(&[self.request(method, address, body.len(), kind).as_bytes(), body].concat()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        answer
    }

    async fn ask(&mut self, method: &str, address: &str, body: &[u8], kind: &str) -> Page {
        let answer = String::from_utf8(self.answer(method, address, body, kind).await).unwrap();
        let (head, html) = answer.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = BTreeMap::new();
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            if name.eq_ignore_ascii_case("set-cookie") {
                self.take_cookie(value);
            }
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        Page { status, address: address.to_owned(), headers, html: html.to_owned() }
    }

    /// The first line of a stream of events that has this text.
    pub async fn listen(&self, address: &str, text: &str) -> String {
        let mut stream = TcpStream::connect(&self.host).await.unwrap();
        stream.write_all(self.request("GET", address, 0, IN_ONE).as_bytes()).await.unwrap();
        let mut lines = BufReader::new(stream).lines();
        let found = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if line.starts_with("data:") && line.contains(text) {
                    return line;
                }
            }
            panic!("the stream ended before {text:?}");
        };
        timeout(ANSWER_MAX, found).await.expect("a line in time")
    }

    fn request(&self, method: &str, address: &str, length: usize, kind: &str) -> String {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!(
            "{method} {address} HTTP/1.0\r\nhost: {}\r\naccept-language: {}\r\ncookie: {}\r\n\
             content-type: {kind}\r\ncontent-length: {length}\r\n\r\n",
            self.host,
            self.language,
            cookies.join("; "),
        )
    }

    fn take_cookie(&mut self, line: &str) {
        let (name, rest) = line.split_once('=').unwrap();
        let (value, attributes) = rest.split_once(';').unwrap_or((rest, ""));
        assert!(attributes.contains("HttpOnly") && attributes.contains("SameSite=Lax"), "{line}");
        if attributes.contains("Max-Age=0") || value.is_empty() {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

impl Page {
    fn parsed(&self) -> Html {
        Html::parse_document(&self.html)
    }

    /// All that is read on it.
    pub fn text(&self) -> String {
        let parsed = self.parsed();
        let main = parsed.select(&selector("main")).next();
        words(main.unwrap_or_else(|| parsed.root_element()))
    }

    pub fn says(&self, text: &str) -> bool {
        self.text().contains(text)
    }

    /// Where the first link leads that has this text in it.
    pub fn link(&self, text: &str) -> Option<String> {
        let parsed = self.parsed();
        let links = selector("a[href]");
        let mut found = parsed.select(&links).filter(|link| words(*link).contains(text));
        found.next().map(|link| link.attr("href").unwrap().to_owned())
    }

    /// Texts of all that one can press.
    pub fn buttons(&self) -> Vec<String> {
        self.parsed().select(&selector("main button")).map(words).collect()
    }

    /// Texts of the elements that a selector names.
    pub fn texts(&self, what: &str) -> Vec<String> {
        self.parsed().select(&selector(what)).map(words).collect()
    }

    /// Whether some link leads to an address.
    pub fn link_to(&self, address: &str) -> bool {
        self.attributes("a[href]", "href").iter().any(|it| it == address)
    }

    /// Values of an attribute of the elements that a selector names.
    pub fn attributes(&self, what: &str, attribute: &str) -> Vec<String> {
        let parsed = self.parsed();
        parsed.select(&selector(what)).filter_map(|it| it.attr(attribute).map(str::to_owned)).collect()
    }

    /// Fields that nobody can name: those without a label.
    pub fn unlabelled(&self) -> Vec<String> {
        let parsed = self.parsed();
        let labels = self.attributes("label[for]", "for");
        let fields = selector("input:not([type=hidden]), select, textarea");
        let without =
            parsed.select(&fields).filter(|it| it.attr("id").is_none_or(|id| !labels.iter().any(|known| known == id)));
        without.map(|it| it.html()).collect()
    }

    /// The text of a choice below a heading of a list, to be chosen by it.
    pub fn choice(&self, heading: &str, text: &str) -> String {
        let parsed = self.parsed();
        let groups = selector("optgroup");
        let group = parsed.select(&groups).find(|it| it.attr("label") == Some(heading));
        let group = group.unwrap_or_else(|| panic!("no choices under {heading:?} on\n{}", self.text()));
        let options = selector("option");
        let found = group.select(&options).map(words).find(|it| it.contains(text));
        found.unwrap_or_else(|| panic!("no choice {text:?} under {heading:?}"))
    }

    /// What a field holds, by its label.
    pub fn value(&self, under: &str, button: &str, label: &str) -> String {
        let parsed = self.parsed();
        let form = form(&parsed, under, button).unwrap_or_else(|| panic!("no form with {button:?}"));
        let field = labelled(&parsed, form, label).unwrap_or_else(|| panic!("no field {label:?}"));
        value(field).unwrap_or_default()
    }

    /// What a field is called when it is sent, by its label.
    fn name(&self, under: &str, button: &str, label: &str) -> String {
        let parsed = self.parsed();
        let form = form(&parsed, under, button).unwrap_or_else(|| panic!("no form with {button:?}"));
        let field = labelled(&parsed, form, label).unwrap_or_else(|| panic!("no field {label:?}"));
        field.attr("name").unwrap_or_default().to_owned()
    }

    /// Texts of what can be chosen in a field.
    pub fn options(&self, under: &str, button: &str, label: &str) -> Vec<String> {
        let parsed = self.parsed();
        let form = form(&parsed, under, button).unwrap_or_else(|| panic!("no form with {button:?}"));
        let field = labelled(&parsed, form, label).unwrap_or_else(|| panic!("no field {label:?}"));
        field.select(&selector("option")).map(words).collect()
    }

    fn fill(&self, under: &str, button: &str, typed: &[(&str, &str)]) -> Sending {
        let parsed = self.parsed();
        let Some(form) = form(&parsed, under, button) else {
            panic!("no form {under:?} with {button:?} on\n{}", self.text())
        };
        let mut fields: Vec<(String, String)> = Vec::new();
        let controls = selector("input[name], textarea[name], select[name]");
        for control in form.select(&controls) {
            fields.extend(value(control).map(|value| (control.attr("name").unwrap().to_owned(), value)));
        }
        for (label, text) in typed {
            let Some(field) = labelled(&parsed, form, label) else { panic!("no field {label:?} under {button:?}") };
            let name = field.attr("name").unwrap();
            fields.retain(|(known, _)| known != name);
            let value = match field.value().name() {
                "select" => option(field, text).unwrap_or_else(|| panic!("{label:?} has no choice {text:?}")),
                _ => (*text).to_owned(),
            };
            fields.push((name.to_owned(), value));
        }
        let pressed = form.select(&selector("button")).find(|it| words(*it) == button).unwrap();
        if let Some(name) = pressed.attr("name") {
            fields.push((name.to_owned(), pressed.attr("value").unwrap_or_default().to_owned()));
        }
        let method = form.attr("method").unwrap_or("get").to_ascii_uppercase();
        Sending { method, address: form.attr("action").unwrap_or(&self.address).to_owned(), fields }
    }
}

fn form<'a>(parsed: &'a Html, under: &str, button: &str) -> Option<ElementRef<'a>> {
    let has_button = |form: &ElementRef<'_>| form.select(&selector("button")).any(|it| words(it) == button);
    // A form is under its own text, and under that of the part of the page it closes.
    let is_under = |form: &ElementRef<'_>| {
        let around = form.ancestors().filter_map(ElementRef::wrap);
        let near = around.take_while(|it| ["details", "section", "div"].contains(&it.value().name()));
        under.is_empty() || words(*form).contains(under) || near.take(2).any(|it| words(it).contains(under))
    };
    let forms = selector("form");
    parsed.select(&forms).filter(has_button).find(is_under)
}

/// The field of a form that a label names, by the label's beginning.
fn labelled<'a>(parsed: &'a Html, form: ElementRef<'a>, label: &str) -> Option<ElementRef<'a>> {
    let named = form.select(&selector("label")).find(|it| words(*it).starts_with(label))?;
    let id = named.attr("for")?.to_owned();
    parsed.select(&selector("[id]")).find(|element| element.attr("id") == Some(&id))
}

/// What a field would send as it stands; none: nothing.
fn value(field: ElementRef<'_>) -> Option<String> {
    match (field.value().name(), field.attr("type")) {
        ("select", _) => {
            let options: Vec<ElementRef<'_>> = field.select(&selector("option")).collect();
            let chosen = options.iter().find(|option| option.attr("selected").is_some()).or(options.first());
            chosen.map(|option| option.attr("value").unwrap_or_default().to_owned())
        }
        ("textarea", _) => Some(field.text().collect()),
        (_, Some("checkbox")) => field.attr("checked").map(|_| field.attr("value").unwrap_or("on").to_owned()),
        _ => Some(field.attr("value").unwrap_or_default().to_owned()),
    }
}

fn option(select: ElementRef<'_>, text: &str) -> Option<String> {
    let options: Vec<ElementRef<'_>> = select.select(&selector("option")).collect();
    let exact = options.iter().find(|option| words(**option) == text);
    let found = exact.or_else(|| options.iter().find(|option| words(**option).contains(text)));
    found.map(|option| option.attr("value").unwrap_or_default().to_owned())
}

fn words(element: ElementRef<'_>) -> String {
    element.text().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn selector(text: &str) -> Selector {
    Selector::parse(text).unwrap()
}

fn encoded(fields: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}
