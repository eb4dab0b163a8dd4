// Runs the unit tests of a Move package: node test.mjs --package DIR [--filter TEXT]
// Prints the tests' own output and closes with a line `N passed, N failed`; exit 1 when one failed or none ran.
import path from 'node:path';
import { chooseCompiler } from './lib/choose.mjs';
import { run } from './lib/errors.mjs';
import { readPackage } from './lib/files.mjs';
import { readOptions } from './lib/options.mjs';
import { count, plain } from './lib/outcome.mjs';

await run(async (argv) => {
  const options = readOptions(
    argv,
    { required: ['package'], optional: ['filter'] },
    'node test.mjs --package DIR [--filter TEXT]',
  );
  const compiler = chooseCompiler();
  const result = await compiler.test(readPackage(options.package), path.resolve(options.package), options.filter);
  const output = plain(result.output);
  process.stdout.write(`${output.trimEnd()}\n`);
  const { passed, failed } = count(output);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return result.passed && failed === 0 && passed > 0 ? 0 : 1;
});
