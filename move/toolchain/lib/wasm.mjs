// The Sui compiler and its unit-test VM as WASM (npm @zktx.io/sui-move-builder).
import fs from 'node:fs';
import { moduleName } from './bytecode.mjs';
import { cached } from './cache.mjs';
import { ToolchainError } from './errors.mjs';
import { readTree } from './files.mjs';
import { keepTests } from './filter.mjs';
import { folderFetcher, localFramework, pinnedCrate } from './framework.mjs';
import { githubFetcher } from './github.mjs';

const NETWORK = 'mainnet';
const SUI = 'https://github.com/MystenLabs/sui.git';
// The revision that this compiler names for its implicit framework dependencies.
const FRAMEWORK_REV = '73dd2c2ba6f9fdb21d7ffde2b50a3f2f0ac39bc1';

async function load() {
  let builder;
  try {
    builder = await import('@zktx.io/sui-move-builder/full');
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new ToolchainError('the Move compiler is not installed', 'run `npm ci` in move/toolchain (Node 20 or newer)');
  }
  await builder.initMovePackageBuilder();
  return builder;
}

function version() {
  const lock = JSON.parse(fs.readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'));
  return lock.packages['node_modules/@zktx.io/sui-move-builder'].integrity;
}

async function withFetcher(call) {
  const builder = await load();
  const local = localFramework();
  const fetcher = local.dir ? folderFetcher(builder.MovePackageFetcher, local.dir) : githubFetcher(builder);
  if (!local.dir) process.stderr.write(`framework sources from GitHub, because: ${local.reason}\n`);
  const result = await call(builder, fetcher);
  if ('error' in result) {
    throw new ToolchainError(result.error);
  }
  return result;
}

/** Everything that a result depends on beside the options in the code here. */
function inputs(files) {
  const given = process.env.K3S_DAAS_FRAMEWORK_SOURCES;
  return { compiler: version(), framework: given ? readTree(given) : pinnedCrate(), files };
}

/** Compiles a package: base64 modules, dependency ids, digest as hex. Warnings of the compiler go to stderr. */
export async function build(files) {
  const sources = Object.fromEntries(Object.entries(files).filter(([name]) => !name.startsWith('tests/')));
  const result = await cached('build', inputs(sources), () =>
    withFetcher(async (builder, fetcher) => {
      const built = await builder.dumpMovePackage({ files: sources, fetcher, network: NETWORK });
      if ('error' in built) return built;
      return {
        modules: built.modules,
        dependencies: built.dependencies,
        digest: Buffer.from(built.digest).toString('hex'),
        warnings: built.warnings ?? '',
      };
    }),
  );
  if (result.warnings) process.stderr.write(`${result.warnings}\n`);
  const { warnings: _, ...rest } = result;
  return rest;
}

/** Runs a package's unit tests, those whose name holds `filter`: `{passed, output}`. The runner itself has no filter. */
export async function test(files, _dir, filter) {
  const chosen = filter ? keepTests(files, (name) => name.includes(filter)) : files;
  return withFetcher((builder, fetcher) => builder.testMovePackage({ files: chosen, fetcher, network: NETWORK }));
}

// Move.toml files with which the framework's packages are roots of their own. The second name differs from its named
// address: of a root package, the compiler sets the address of its own name to 0x0.
const FRAMEWORK_MANIFESTS = {
  'move-stdlib': '[package]\nname = "MoveStdlib"\nedition = "2024.beta"\n\n[addresses]\nstd = "0x1"\n',
  'sui-framework':
    '[package]\nname = "framework_root"\nedition = "2024.beta"\n\n[dependencies]\n' +
    `MoveStdlib = { git = "${SUI}", ` +
    `subdir = "crates/sui-framework/packages/move-stdlib", rev = "${FRAMEWORK_REV}" }\n\n` +
    '[addresses]\nsui = "0x2"\n',
};

/** The framework's own bytecode: base64 modules by name, by package id. Always by the WASM compiler. */
export async function buildFramework() {
  return cached('framework', inputs(FRAMEWORK_MANIFESTS), async () => {
    const packages = {};
    for (const [id, name] of [['0x1', 'move-stdlib'], ['0x2', 'sui-framework']]) {
      const built = await withFetcher(async (builder, fetcher) => {
        const subdir = `crates/sui-framework/packages/${name}`;
        const sources = await fetcher.fetch(SUI, FRAMEWORK_REV, subdir);
        const files = { ...sources, 'Move.toml': FRAMEWORK_MANIFESTS[name] };
        return builder.dumpMovePackage({ files, fetcher, network: NETWORK, silenceWarnings: true });
      });
      packages[id] = Object.fromEntries(built.modules.map((module) => [moduleName(Buffer.from(module, 'base64')), module]));
    }
    return packages;
  });
}
