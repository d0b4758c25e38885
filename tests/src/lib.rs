//! The whole system under test: `system/` holds the tests, `stories/` the worked examples, `clients/` what others write.
