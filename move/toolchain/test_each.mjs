// Runs the unit tests of one package after another, with the compiler loaded once: node test_each.mjs
// Reads JSON, an object a line: {"files": {path: text}, "expecting": name}. With `expecting`, only those tests run whose
// expected failure names that constant. Answers each with a line: {"passed": N, "failed": [test names]}, or
// {"error": text} where no test ran to its end: the package does not compile, or the VM broke down.
import readline from 'node:readline';
import { ToolchainError, run } from './lib/errors.mjs';
import { keepTests } from './lib/filter.mjs';
import { readOptions } from './lib/options.mjs';
import { count, failures, plain } from './lib/outcome.mjs';
import { test } from './lib/wasm.mjs';

function expects(name) {
  const named = new RegExp(`\\babort_code\\s*=\\s*[\\w:]*\\b${name}\\b`);
  return (_test, attributes) => named.test(attributes);
}

async function answer({ files, expecting }) {
  try {
    const result = await test(expecting ? keepTests(files, expects(expecting)) : files);
    const output = plain(result.output);
    const { passed } = count(output);
    const failed = failures(output);
    return result.passed || failed.length > 0 ? { passed, failed } : { error: output.trim() };
  } catch (error) {
    if (!(error instanceof ToolchainError)) throw error;
    return { error: error.message };
  }
}

await run(async (argv) => {
  readOptions(argv, { required: [] }, 'node test_each.mjs');
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
  }
  return 0;
});
