// A `sui` binary as the compiler: `sui move build --dump-bytecode-as-base64` and `sui move test`.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { ToolchainError } from './errors.mjs';

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** The path of `sui` on PATH, or null; `required` makes its absence an error. */
export function find(required = false) {
  for (const dir of (process.env.PATH ?? '').split(path.delimiter)) {
    const file = path.join(dir, 'sui');
    try {
      fs.accessSync(file, fs.constants.X_OK);
      return file;
    } catch {
      // Not here.
    }
  }
  if (required) {
    throw new ToolchainError('there is no `sui` on PATH', 'install it (https://docs.sui.io) or unset K3S_DAAS_MOVE_COMPILER');
  }
  return null;
}

/** Compiles the package in `dir`; the binary prints one JSON object. */
export function build(binary, dir) {
  let text;
  try {
    text = execFileSync(binary, ['move', 'build', '--dump-bytecode-as-base64', '--path', dir], {
      encoding: 'utf8',
      maxBuffer: MAX_OUTPUT_BYTES,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  } catch (error) {
    throw new ToolchainError(`${binary} move build failed with ${error.status ?? error.code}`, 'see its words above');
  }
  try {
    const { modules, dependencies, digest } = JSON.parse(text.slice(text.indexOf('{')));
    return { modules, dependencies, digest: Buffer.from(digest).toString('hex') };
  } catch {
    throw new ToolchainError(`${binary} did not print modules, dependencies and digest as JSON`, 'use Sui 1.50 or newer');
  }
}

/** Runs the tests of the package in `dir`; the filter is the binary's own. */
export function test(binary, dir, filter) {
  const argv = ['move', 'test', '--path', dir, ...(filter ? [filter] : [])];
  const done = spawnSync(binary, argv, { encoding: 'utf8', maxBuffer: MAX_OUTPUT_BYTES, stdio: ['ignore', 'pipe', 'inherit'] });
  if (done.error) throw new ToolchainError(`${binary} move test: ${done.error.message}`, 'check the binary');
  return { passed: done.status === 0, output: done.stdout };
}
