//! What a request says in its query or in a form: names and values, each looked at once, and what is not known named.

use proto::common::v1::FieldViolation;

use crate::problem::Problem;

/// Names and values in their order.
#[derive(Clone, Debug, Default)]
pub struct Query {
    said: Vec<(String, String)>,
    known: Vec<String>,
}

impl Query {
    /// Of `a=1&b=2`, percent-encoded.
    pub fn read(text: &str) -> Self {
        let said = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        Self { said, known: Vec::new() }
    }

    /// What is said under a name; none, if nothing is.
    ///
    /// # Errors
    /// It is said twice, and not the same.
    pub fn take(&mut self, name: &str) -> Result<Option<String>, Problem> {
        let mut values = self.all(name);
        values.dedup();
        match values.as_slice() {
            [] => Ok(None),
            [value] if value.trim().is_empty() => Ok(None),
            [value] => Ok(Some(value.clone())),
            _ => Err(Problem::of_field(name, "said-once", "it is said twice, and not the same")),
        }
    }

    /// Everything said under a name.
    pub fn all(&mut self, name: &str) -> Vec<String> {
        self.known.push(name.to_owned());
        self.said.iter().filter(|(said, _)| said == name).map(|(_, value)| value.clone()).collect()
    }

    /// Names that begin in a way, and what is said under them.
    pub fn beginning(&mut self, prefix: &str) -> Vec<(String, String)> {
        let fitting: Vec<_> = self.said.iter().filter(|(name, _)| name.starts_with(prefix)).cloned().collect();
        self.known.extend(fitting.iter().map(|(name, _)| name.clone()));
        fitting
    }

    /// # Errors
    /// Something is said under a name that nobody has asked for.
    pub fn nothing_else(&self) -> Result<(), Problem> {
        let mut violations: Vec<FieldViolation> = Vec::new();
        for (name, _) in self.said.iter().filter(|(name, _)| !self.known.contains(name)) {
            if violations.iter().all(|it| it.field != *name) {
                let description = format!("it is no parameter here; known: {}", self.known.join(", "));
                let (field, rule) = (name.clone(), "known-parameter".to_owned());
                violations.push(FieldViolation { field, rule, description });
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(Problem::of_fields(violations)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_named_and_what_is_said_twice_refused() {
        let mut query = Query::read("district=%E6%AD%A6&page=2&page=3&a=1&a=1");
        assert_eq!(query.take("district").unwrap().as_deref(), Some("武"));
        assert_eq!(query.take("a").unwrap().as_deref(), Some("1"));
        assert_eq!(query.take("page").unwrap_err().refusal.violations[0].rule, "said-once");
        assert!(query.nothing_else().is_ok());
        let mut query = Query::read("distrikt=wuchang&district=");
        assert_eq!(query.take("district").unwrap(), None);
        let problem = query.nothing_else().unwrap_err();
        assert_eq!(
            (problem.rule.as_str(), problem.refusal.violations[0].field.as_str()),
            ("known-parameter", "distrikt")
        );
    }
}
