// Compiles the Sui framework itself: node framework.mjs --out FILE.json
// Writes {"0x1": {module name: base64}, "0x2": {…}}: what a ledger of our own starts with.
import { run } from './lib/errors.mjs';
import { writeWhole } from './lib/files.mjs';
import { readOptions } from './lib/options.mjs';
import { buildFramework } from './lib/wasm.mjs';

await run(async (argv) => {
  const options = readOptions(argv, { required: ['out'] }, 'node framework.mjs --out FILE.json');
  const packages = await buildFramework();
  writeWhole(options.out, `${JSON.stringify(packages, null, 1)}\n`);
  const counts = Object.entries(packages).map(([id, modules]) => `${id}: ${Object.keys(modules).length} modules`);
  process.stdout.write(`${options.out}: ${counts.join(', ')}\n`);
  return 0;
});
