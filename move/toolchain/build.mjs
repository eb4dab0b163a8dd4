// Compiles a Move package: node build.mjs --package DIR --out FILE.json
import path from 'node:path';
import { run } from './lib/errors.mjs';
import { readPackage, writeWhole } from './lib/files.mjs';
import { readOptions } from './lib/options.mjs';
import { chooseCompiler } from './lib/choose.mjs';

await run(async (argv) => {
  const options = readOptions(argv, { required: ['package', 'out'] }, 'node build.mjs --package DIR --out FILE.json');
  const compiler = chooseCompiler();
  const built = await compiler.build(readPackage(options.package), path.resolve(options.package));
  writeWhole(options.out, `${JSON.stringify(built, null, 1)}\n`);
  const bytes = built.modules.reduce((sum, module) => sum + Buffer.from(module, 'base64').length, 0);
  process.stdout.write(`${options.out}: ${built.modules.length} modules, ${bytes} bytes, by ${compiler.name}\n`);
  return 0;
});
