// Asks AsyncAPI's own parser whether a document is one: asyncapi-check.cjs FILE
const { readFileSync } = require("node:fs");
const { Parser } = require("@asyncapi/parser");

new Parser().parse(readFileSync(process.argv[2], "utf8")).then(({ document, diagnostics }) => {
  const wrong = diagnostics.filter((one) => one.severity === 0);
  for (const { message, path } of wrong) console.error(`${path.join(".")}: ${message}`);
  if (!document || wrong.length > 0) process.exit(1);
  console.log(`${process.argv[2]}: AsyncAPI ${document.version()}, ${document.operations().length} operations`);
});
