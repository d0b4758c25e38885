use super::*;

fn rows(name: &str, content: &[u8], wanted: &[&str]) -> Vec<Row> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    std::fs::write(&file, content).unwrap();
    let rows = Rows::open(&file, Format::of(&file, None).unwrap()).unwrap();
    rows.only(wanted.iter().map(ToString::to_string).collect()).unwrap().map(Result::unwrap).collect()
}

/// Why a file is not read at all.
fn refused(name: &str, content: &[u8], wanted: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    std::fs::write(&file, content).unwrap();
    let rows = Rows::open(&file, Format::of(&file, None).unwrap());
    rows.and_then(|rows| rows.only(vec![wanted.to_owned()])).err().map(|error| format!("{error:#}")).unwrap()
}

#[test]
fn a_quoted_field_may_run_over_many_lines() {
    let long = "很长\n".repeat(10_000);
    let file = format!("\u{feff}id,text\r\n1,\"{long}\"\r\n2,\"he said \"\"no\"\"\"\r\n");
    let read = rows("a.csv", file.as_bytes(), &["text", "id"]);
    assert_eq!(read[0].cells, Ok(vec![long, "1".to_owned()]));
    assert_eq!(read[1].cells, Ok(vec!["he said \"no\"".to_owned(), "2".to_owned()]));
    assert_eq!((read[0].line, read[1].line), (2, 10_003));
}

#[test]
fn lines_are_counted_however_they_end_and_blank_ones_too() {
    for end in ["\n", "\r\n", "\r"] {
        let file = ["id,text", "1,a", "", "", "2,\"b", "b\"", "", "3,c"].join(end);
        let read = rows("a.csv", file.as_bytes(), &["id"]);
        let lines: Vec<(u64, String)> = read.into_iter().map(|row| (row.line, row.cells.unwrap().concat())).collect();
        assert_eq!(lines, [(2, "1".into()), (5, "2".into()), (8, "3".into())], "{end:?}");
    }
}

#[test]
fn what_separates_columns_and_how_they_are_encoded_is_found() {
    for file in
        ["id;text\n1;路灯,不亮\n", "id\ttext\n1\t路灯,不亮\n", "id|text\n1|路灯,不亮\n", "id,text\n1,\"路灯,不亮\"\n"]
    {
        let (gb18030, ..) = encoding_rs::GB18030.encode(file);
        let utf_16: Vec<u8> = file.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let with_mark = [&b"\xff\xfe"[..], &utf_16].concat();
        for bytes in [file.as_bytes(), &*gb18030, &with_mark] {
            let read = rows("a.csv", bytes, &["id", "text"]);
            assert_eq!(read[0].cells, Ok(vec!["1".to_owned(), "路灯,不亮".to_owned()]), "{file}");
        }
    }
}

#[test]
fn a_quote_that_nothing_closes_is_named_before_anything_is_sent() {
    let refused = refused("a.csv", b"id,text\n1,\"a \"\"b\"\" c\"\n2,\"offen\n3,c\n", "id");
    assert!(refused.contains("line 3"), "{refused}");
}

#[test]
fn a_quote_that_a_later_cell_closes_is_named_before_anything_is_sent() {
    let said = refused("a.csv", b"ref,title,text\ns1,a,\"offen\ns2,b,\"c\"\ns3,d,e\n", "ref");
    assert!(said.contains("line 3") && said.contains("begun on line 2"), "{said}");
    let read = rows("a.csv", b"id;text\n1; \"a\" ;\n\"2\" ;\"b\"\t\n", &["id", "text"]);
    let cells: Vec<_> = read.iter().map(|row| row.cells.clone().map(|cells| cells.len()).unwrap_or(0)).collect();
    assert_eq!(cells, [0, 2], "blanks after a quote are no text");
}

#[test]
fn one_bad_byte_is_named_with_its_line_and_the_encoding_of_the_rest() {
    let text = "id,text\n1,路灯不亮，天黑以后看不见路\n2,井盖松动\n";
    let (gbk, ..) = encoding_rs::GB18030.encode(text);
    for (encoded, encoding) in [(gbk.to_vec(), "gb18030"), (text.as_bytes().to_vec(), "UTF-8")] {
        let (mut bytes, at) = (encoded.clone(), encoded.len() - 1);
        bytes.insert(at, 0xFF);
        let said = refused("a.csv", &bytes, "id");
        let (encoding, byte) = (format!("is no {encoding}"), format!("byte {} of the file (0xff)", at + 1));
        assert!(said.contains("line 3") && said.contains(&encoding) && said.contains(&byte), "{said}");
    }
}

#[test]
fn no_name_stands_twice_where_it_is_read() {
    let said = refused("a.csv", b"external_ref,title,title\n1,a,b\n", "title");
    assert!(said.contains("\"title\" twice"), "{said}");
    let read = rows("a.csv", b"id,,\n1,,\n", &["id"]);
    assert!(read[0].cells.is_ok(), "{read:?}");
    for (name, text) in [
        ("a.jsonl", "{\"title\":\"x\",\"title\":\"y\"}\n"),
        ("a.json", "[{\"title\":\"x\",\"title\":\"y\"}]"),
        ("a.xml", "<a><r><title>x</title><title>y</title></r></a>"),
    ] {
        let why = rows(name, text.as_bytes(), &["title"]).remove(0).cells.unwrap_err();
        assert!(why.description.contains("\"title\" stands there twice"), "{name}: {why:?}");
    }
}

#[test]
fn an_answer_in_xml_says_what_the_same_in_json_says() {
    let xml = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<service_requests>\n <request>\n\
        <service_request_id>638344</service_request_id><status>open</status><description>灯 &lt;3&#x53F7;&gt; &amp;c\
        <![CDATA[ <b>]]></description><lat/><notes><n>x</n></notes></request>\n<request>\n\
        <service_request_id>638345</service_request_id></request></service_requests>\n";
    let json = "{\"service_requests\":\n\n[{\"service_request_id\":638344,\"status\":\"open\",\"lat\":null,\
        \"description\":\"灯 <3号> &c <b>\",\"notes\":[]},\n\n{\"service_request_id\":\"638345\"}]}";
    let wanted = ["service_request_id", "status", "description", "lat"];
    let [of_xml, of_json] = [rows("a.xml", xml.as_bytes(), &wanted), rows("a.json", json.as_bytes(), &wanted)];
    let cells = |rows: &[Row]| rows.iter().map(|row| row.cells.clone()).collect::<Vec<_>>();
    assert_eq!(cells(&of_xml), cells(&of_json));
    assert_eq!(of_xml[0].cells.as_ref().unwrap()[2], "灯 <3号> &c <b>");
    assert_eq!(of_xml.iter().map(|row| row.line).collect::<Vec<_>>(), [3, 5]);
    assert!(rows("a.xml", xml.as_bytes(), &["notes"])[0].cells.is_err(), "elements are no text");
}

#[test]
fn numbers_are_taken_as_they_are_written() {
    let ids = ["20261120101530123456", "20261120101530123457", "1.10", "1e3"];
    let lines: String = ids.iter().map(|id| format!("{{\"id\": {id}}}\n")).collect();
    let array = format!("[\n{}\n]", ids.map(|id| format!("{{\"id\": {id}, \"text\": null}}")).join(",\n"));
    for (name, text) in [("a.jsonl", lines), ("a.json", array)] {
        let read: Vec<String> =
            rows(name, text.as_bytes(), &["id", "text"]).into_iter().map(|row| row.cells.unwrap().concat()).collect();
        assert_eq!(read, ids, "{name}");
    }
}

#[test]
fn a_row_that_cannot_be_read_stops_nothing_else() {
    let read = rows("a.csv", b"id,text\n1\n2,a,b\n3,fine\n", &["id", "text"]);
    let rules: Vec<_> = read.iter().map(|row| row.cells.as_ref().err().map(|error| error.rule)).collect();
    assert_eq!(rules, [Some("columns"), Some("columns"), None]);

    let read = rows("a.jsonl", b"{\"id\": 7}\n\n{\"id\":\n{\"id\": [1]}\n", &["id", "text"]);
    assert_eq!(read[0].cells, Ok(vec!["7".to_owned(), String::new()]));
    assert_eq!(read.iter().map(|row| row.line).collect::<Vec<_>>(), [1, 3, 4]);
    assert!(read[1..].iter().all(|row| row.cells.is_err()));
}
